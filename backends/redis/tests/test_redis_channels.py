"""Which channels a store listens to, and for how long."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from backing.using import TTL, fresh, put
from managing import eventually
from mintonce import StoreError, StoreUnavailable
from mintonce_redis import RedisStore, talk
from mintonce_redis.hearing import Hearing
from scripted import scripted, subscribed
from using import lines_of, opened, waiting
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio


async def test_channels_that_nobody_waits_for_are_given_up(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for one key after another listens to a few, and to all that are waited for."""
    monkeypatch.setattr(talk, "_CHANNELS", 2)
    async with opened(own.url()) as store, opened(own.url()) as writer:
        first = fresh()
        waits = await waiting(store, first, None)
        for key in (fresh() for _ in range(9)):
            await store.changed(key, None, 0.05)
        (line,) = lines_of(store)
        assert len(line.hearing) <= 5
        await eventually(lambda: own.ask("PUBSUB", "CHANNELS").count(b"mintonce:") <= 5)
        await put(writer, first, b"value")
        await asyncio.wait_for(waits, 2)
        assert [] == [*line.hearing._news]


async def test_a_channel_that_was_given_up_is_listened_to_again(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens in between is not missed."""
    monkeypatch.setattr(talk, "_CHANNELS", 1)
    keys = [fresh() for _ in range(3)]
    async with opened(own.url()) as store, opened(own.url()) as writer:
        for key in keys:
            await store.changed(key, None, 0.05)
        for key in keys:
            await put(writer, key, b"value")
            await asyncio.wait_for(store.changed(key, None, 60.0), 2)
            waits = await waiting(store, key, b"value")
            await put(writer, key, b"new")
            await asyncio.wait_for(waits, 2)


async def test_a_value_counts_only_once_the_server_lets_listen() -> None:
    """What is read before that may have changed, and nobody has heard of it."""
    hearing = Hearing()
    assert hearing.begin(b"channel")
    hearing.note(b"channel", b"digest")
    assert not hearing.knows(b"channel")
    hearing.begun(b"channel", [b"subscribe", b"channel", 1])
    hearing.note(b"channel", b"digest")
    assert hearing.knows(b"channel")


@pytest.mark.parametrize(
    ("refusal", "error", "asked"),
    [(b"-BUSY a script", StoreUnavailable, 2), (b"-NOPERM no permission", StoreError, 1)],
)
async def test_a_refusal_that_passes(
    place: Path, refusal: bytes, error: type[StoreError], asked: int
) -> None:
    """Who could not listen tries it again, unless it is for want of a permission."""
    listened: list[bytes] = []

    def answer(command: list[bytes]) -> bytes:
        if command[0] != b"SUBSCRIBE":
            return b"_\r\n"
        listened.append(command[1])
        return subscribed(command) if len(listened) > 1 else refusal + b"\r\n"

    async with scripted(place, answer) as url, opened(url) as store:
        with pytest.raises(error):
            await store.changed("key", None, 2.0)
        if asked == 1:
            with pytest.raises(error):
                await store.changed("key", None, 2.0)
        else:
            _ = await waiting(store, "key", None)  # until the store is closed
        assert asked == len(listened)


@pytest.mark.parametrize("by", ["a URL", "a client"])
async def test_databases_do_not_hear_each_other(own: ValkeyServer, by: str) -> None:
    """The server tells all databases what is said on a channel, but a key is in one of them."""
    key, path = fresh(), str(own.path)
    client = Redis(unix_socket_path=path, db=1)
    other = RedisStore(client) if by == "a client" else RedisStore.from_url(f"{own.url()}?db=1")
    async with opened(own.url()) as store:
        await put(store, key, b"value")
        waits = await waiting(store, key, b"value")
        theirs = await waiting(other, key, None)
        assert await other.swap(key, None, b"other", ttl=TTL)
        await asyncio.wait_for(theirs, 2)
        assert b"value" == await store.read(key)  # now it would have heard of it
        await asyncio.sleep(0)
        assert not waits.done()
        await put(store, key, b"new")
        await asyncio.wait_for(waits, 2)
    await other.aclose()
    await client.aclose()
