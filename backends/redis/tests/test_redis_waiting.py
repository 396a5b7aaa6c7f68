"""What waiting costs the server: next to nothing, however many wait."""

from __future__ import annotations

import asyncio

import pytest

from backing.using import fresh, put
from managing import Handmade, eventually
from mintonce import TokenManager
from mintonce_redis import RedisStore, talk
from using import lines_of, opened, waiting
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio


async def test_waiting_after_a_read_asks_for_nothing(own: ValkeyServer) -> None:
    """A read made the store listen, so that who read what is there can wait at no cost."""
    key = fresh()
    async with opened(own.url()) as store, opened(own.url()) as writer:
        await put(writer, key, b"value")
        assert b"value" == await store.read(key)
        before = own.calls("get")
        for _ in range(3):
            await store.changed(key, b"value", 0.02)
        waits = await waiting(store, key, b"value")
        await put(writer, key, b"new")
        await asyncio.wait_for(waits, 2)
        # Those of the writer: to read, and in the script.
        assert before + 2 == own.calls("get")
        await store.changed(key, b"value", 60.0)  # known already
        assert before + 2 == own.calls("get")


async def test_who_did_not_read_looks_once(own: ValkeyServer) -> None:
    """However many wait for however long, the store looks once, after it began to listen."""
    key = fresh()
    async with opened(own.url()) as store:
        before = own.calls("get")
        waits = [await waiting(store, key, None) for _ in range(50)]
        assert before + 1 == own.calls("get")
        assert 1 == own.calls("subscribe")
        await put(store, key, b"value")
        await asyncio.wait_for(asyncio.gather(*waits), 2)
        assert 1 == await asyncio.to_thread(own.connections)


async def test_a_store_listens_to_so_many_channels_and_no_more(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads thousands of keys listens to a few of them, and to each that is waited for."""
    monkeypatch.setattr(talk, "_CHANNELS", 2)
    async with opened(own.url()) as store, opened(own.url()) as writer:
        keys = [fresh() for _ in range(5)]
        for key in keys:
            assert await store.read(key) is None
        assert 2 == own.calls("subscribe")
        waits = [await waiting(store, key, None) for key in keys]
        for key in keys:
            await put(writer, key, b"value")
        await asyncio.wait_for(asyncio.gather(*waits), 2)


async def test_channels_tell_no_value(own: ValkeyServer) -> None:
    """What is published is a digest, from which nobody can make the token."""
    key, value = fresh(), b"a-token-that-nobody-may-hear"
    async with opened(own.url()) as store, opened(own.url()) as writer:
        await store.read(key)
        await put(writer, key, value)
        (line,) = lines_of(store)
        await eventually(lambda: len(line.hearing._latest[store._name(key)]) == 40)
        assert value not in line.hearing._latest[store._name(key)]


async def test_a_change_back_and_forth_is_noticed(valkey: ValkeyServer) -> None:
    """Who waits is told of what is there in the end, even if it was there before."""
    key = fresh()
    async with opened(valkey.url()) as store, opened(valkey.url()) as writer:
        await put(writer, key, b"first")
        waits = await waiting(store, key, b"first")
        await put(writer, key, b"second")
        await put(writer, key, b"first")
        await asyncio.wait_for(waits, 2)
        again = await waiting(store, key, b"first")
        assert not again.done()
        await put(writer, key, b"third")
        await asyncio.wait_for(again, 2)


async def test_who_stops_waiting_leaves_nothing(valkey: ValkeyServer) -> None:
    """After cancelled waits nobody counts as waiting."""
    key = fresh()
    async with opened(valkey.url()) as store:
        waits = [await waiting(store, key, None) for _ in range(10)]
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
        (line,) = lines_of(store)
        assert 0 == line.hearing.waiting


async def test_a_message_that_is_lost_costs_one_poll(own: ValkeyServer) -> None:
    """Who may not hear of changes is told so, and the manager looks for them itself."""
    own.ask("ACL", "SETUSER", "deaf", "on", ">secret", "~*", "&*", "+@all", "-subscribe")
    url = own.url().replace("unix://", "unix://deaf:secret@")
    source = Handmade()
    source.open.clear()
    async with TokenManager(source, store=url) as one, TokenManager(source, store=url) as two:
        calls = [asyncio.create_task(each.get()) for each in (one, two)]
        await eventually(lambda: source.requests)
        source.open.set()
        found = await asyncio.wait_for(asyncio.gather(*calls), 2)
    assert 1 == len({token.fingerprint for token in found})
    assert 1 == source.requests


async def test_a_process_that_waits_reads_twice(own: ValkeyServer) -> None:
    """It finds the lease, and then the token; in between it is told, and asks for nothing."""
    source = Handmade()
    source.open.clear()
    store = RedisStore.from_url(own.url())
    async with (
        TokenManager(source, store=own.url()) as minter,
        TokenManager(source, store=store) as waiter,
    ):
        minting = asyncio.create_task(minter.get())
        await eventually(lambda: source.requests)
        before = own.calls("get")
        found = asyncio.create_task(waiter.get())
        await eventually(lambda: any(line.hearing.waiting for line in lines_of(store)))
        reads = own.calls("get") - before
        source.open.set()
        await asyncio.gather(minting, found)
    await store.aclose()
    assert 1 == reads
