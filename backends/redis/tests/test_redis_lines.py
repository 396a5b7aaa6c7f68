"""One connection for a store, however many use it."""

from __future__ import annotations

import asyncio

import pytest

from backing.using import TTL, fresh, put
from mintonce import StoreUnavailable
from mintonce_redis import RedisStore
from using import lines_of, opened, waiting
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio


async def test_hundreds_of_tasks_share_a_connection(own: ValkeyServer) -> None:
    """A crowd opens one connection, and each of it gets its own answer."""
    async with opened(own.url()) as store:
        keys = [fresh() for _ in range(300)]
        swaps = (store.swap(key, None, key.encode(), ttl=TTL) for key in keys)
        assert [True] * 300 == await asyncio.gather(*swaps)
        assert [key.encode() for key in keys] == await asyncio.gather(*map(store.read, keys))
        assert 1 == await asyncio.to_thread(own.connections)
    assert 0 == await asyncio.to_thread(own.connections)


async def test_a_crowd_with_large_values(own: ValkeyServer) -> None:
    """No more is asked for at a time than a server keeps for those who listen."""
    own.ask("CONFIG", "SET", "client-output-buffer-limit", "pubsub 4mb 0 0")
    key, value = fresh(), b"v" * 50_000
    async with opened(own.url()) as store:
        await put(store, key, value)
        first = lines_of(store)
        found = await asyncio.gather(*(store.read(key) for _ in range(400)))
        assert [value] * 400 == found
        assert first == lines_of(store)


async def test_a_caller_that_leaves_disturbs_nobody(valkey: ValkeyServer) -> None:
    """Who is cancelled while others talk over the same connection takes no answer of theirs."""
    async with opened(valkey.url()) as store:
        keys = [fresh() for _ in range(100)]
        for key in keys:
            await put(store, key, key.encode())
        calls = [asyncio.create_task(store.read(key)) for key in keys]
        for turn, call in enumerate(calls):
            if turn % 3 == 0:
                await asyncio.sleep(0)
                call.cancel()
        await asyncio.wait(calls)
        answers = {n: call.result() for n, call in enumerate(calls) if not call.cancelled()}
        assert {n: keys[n].encode() for n in answers} == answers
        assert 50 < len(answers)


async def test_a_swap_that_nobody_waits_for_is_not_sent(valkey: ValkeyServer) -> None:
    """Who leaves before the connection stands leaves nothing behind that happens later."""
    key = fresh()
    async with opened(valkey.url()) as store:
        leaves = asyncio.create_task(store.swap(key, None, b"late", ttl=TTL))
        await asyncio.sleep(0)
        leaves.cancel()
        await asyncio.wait([leaves])
        assert await store.read(key) is None


async def test_closing_ends_what_is_under_way(valkey: ValkeyServer) -> None:
    """Those who wait for a change return, and a closed store can be used anew."""
    key = fresh()
    store = RedisStore.from_url(valkey.url())
    waits = [await waiting(store, key, None) for _ in range(3)]
    reading = asyncio.create_task(store.read(key))
    await asyncio.sleep(0)
    await store.aclose()
    assert [None] * 3 == await asyncio.wait_for(asyncio.gather(*waits), 2)
    with pytest.raises(StoreUnavailable, match="closed by this program"):
        await reading
    assert await store.read(key) is None
    await store.aclose()
