"""Servers that say what no server should: callers get an error of the core, and nothing more."""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path

import pytest

from backing.using import TTL, fresh
from managing import eventually, moment
from mintonce import StoreError, StoreUnavailable
from mintonce_redis import line, ticks
from mintonce_redis import store as store_module
from scripted import scripted
from using import lines_of, opened
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio

ODD = {
    "another answer": b"+OK\r\n+OK\r\n+OK\r\n",
    "no protocol": b"HTTP/1.1 400 Bad Request t0k3n\r\n\r\n",
    "no number": b"$t0k3n\r\n",
    "no end": b"$5\r\nt0",
    "an unknown error": b"-ERR t0k3n\r\n",
}


@pytest.mark.parametrize("kind", ODD)
async def test_odd_answers(place: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is, it ends in an error that repeats nothing of it."""
    monkeypatch.setattr(store_module, "LIMIT", 0.2)

    async def fails(url: str) -> str:
        async with opened(url) as store:
            for _ in range(3):
                try:
                    await store.swap("key", None, b"value", ttl=TTL)
                except StoreError as error:
                    return str(error)
        return ""

    async with scripted(place, lambda _: ODD[kind]) as url:
        said = await fails(url)
    assert f"{place}/v.sock" in said
    assert "t0" not in said.replace(str(place), "")  # whose name is a random one


async def test_a_call_ends_whatever_happens(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many things have to be waited for, there is one limit for all."""
    monkeypatch.setattr(store_module, "LIMIT", 0.2)
    async with opened(own.url()) as store:
        own.pause()
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="did not answer within"):
            await store.read("key")
        assert time.monotonic() < began + 1.5
        own.resume()


async def test_a_connection_that_died_in_silence(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No swap is risked on a connection that was quiet for a while before it has been tried."""
    monkeypatch.setattr(line, "_DOUBTFUL", 0.1)
    said: list[bytes] = []

    def answer(command: list[bytes]) -> bytes:
        said.append(command[0])
        known = {b"GET": b"_\r\n", b"EVALSHA": b":1\r\n", b"SUBSCRIBE": b"-NOPERM\r\n"}
        return known.get(command[0], b"")

    async with scripted(place, answer) as url, opened(url) as store:
        await store.read("key")
        (first,) = lines_of(store)
        await eventually(lambda: first.quiet > 0.1)
        assert await store.swap("key", None, b"value", ttl=TTL)
        assert [first] != lines_of(store)
    assert [b"GET", b"PING", b"EVALSHA"] == [word for word in said if word != b"SUBSCRIBE"][:3]


async def test_a_crowd_after_a_quiet_while(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tries the connection once, and a process that was kept from listening is not hasty."""
    monkeypatch.setattr(line, "_DOUBTFUL", 0.1)
    monkeypatch.setattr(ticks, "_TICK", 0.01)
    async with opened(own.url()) as store:
        await store.read("key")
        (first,) = lines_of(store)
        await eventually(lambda: first.quiet > 0.1)
        pings = own.calls("ping")
        own.pause()
        crowd = [asyncio.create_task(store.read("key")) for _ in range(100)]
        await moment()
        own.resume()
        busy_until = time.monotonic() + 0.2
        while time.monotonic() < busy_until:
            pass
        assert [None] * 100 == await asyncio.gather(*crowd)
        assert [first] == lines_of(store)
        assert pings + 1 == own.calls("ping")


async def test_a_replica_without_a_master(place: Path) -> None:
    """What it would have to tell is too old, and it says so."""
    answer = b"-MASTERDOWN Link with MASTER is down\r\n"
    async with scripted(place, lambda _: answer) as url, opened(url) as store:
        with pytest.raises(StoreUnavailable, match="has lost its master"):
            await store.read("key")


async def test_a_replica_that_says_so_inside_a_text(place: Path) -> None:
    """Redis before 7 tells what a script ran into so; the next line leads to the new master."""
    answer = b"-@user_script: 13: -READONLY You can't write against a read only replica.\r\n"
    async with scripted(place, lambda _: answer) as url, opened(url) as store:
        with pytest.raises(StoreUnavailable, match="read-only replica"):
            await store.swap("key", None, b"value", ttl=TTL)
        assert lines_of(store)[0].lost


async def test_an_answer_that_nobody_asked_for(place: Path) -> None:
    """After it, nobody knows which answer is whose: the connection is given up."""
    async with scripted(place, lambda _: b"_\r\n_\r\n") as url, opened(url) as store:
        await store.read("key")
        await eventually(lambda: lines_of(store)[0].lost)
        assert "nobody asked" in str(lines_of(store)[0].lost)


@pytest.mark.parametrize("ttl", [math.nan, 0.0, -1.0])
async def test_a_lifetime_that_makes_no_sense(valkey: ValkeyServer, ttl: float) -> None:
    """It is taken for the shortest one that there is."""
    key = fresh()
    async with opened(valkey.url()) as store:
        assert await store.swap(key, None, b"value", ttl=ttl)
        while await store.read(key):
            await moment()
        assert await store.swap(key, None, b"value", ttl=math.inf)
        assert b"value" == await store.read(key)
