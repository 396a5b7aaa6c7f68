"""Pools that a program made itself: the store is a guest there."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from backing.using import TTL, fresh, put
from forking import exit_code, fork, forking, with_threads
from managing import eventually
from mintonce import UsageError
from mintonce_postgres import PostgresStore
from postgres_server import PostgresServer
from postgres_using import blocked, locked

pytestmark = pytest.mark.asyncio


def _abort(pool: Any) -> None:
    for holder in pool._holders:
        if holder._in_use:
            holder._con._transport.abort()


async def test_who_is_cancelled_while_the_connection_is_lost_leaves(own: PostgresServer) -> None:
    """The end of a task is not taken for that of its connection, and nothing is sent again."""
    key = fresh()
    async with asyncpg.create_pool(own.url(), min_size=1, max_size=2) as pool:
        store = PostgresStore(pool)
        await put(store, key, b"value")
        async with locked(own, key):
            swap = asyncio.create_task(store.swap(key, b"value", b"new", ttl=TTL))
            await blocked(own)
            _abort(pool)
            swap.cancel()
            await asyncio.wait([swap], timeout=2)
        assert swap.cancelled()
        await eventually(lambda: own.connections() == pool.get_size())


@forking
@with_threads
async def test_a_pool_is_of_no_use_elsewhere(own: PostgresServer) -> None:
    """A forked child and another loop are refused, and harm nobody who uses the pool at home."""
    key = fresh()
    async with asyncpg.create_pool(own.url(), min_size=1, max_size=1) as pool:
        store = PostgresStore(pool)

        async def elsewhere() -> bool:
            with pytest.raises(UsageError, match="the process and the event loop that made it"):
                await asyncio.wait_for(store.read(key), 3)
            await store.aclose()
            return True

        for _ in range(2):  # before it was used, and after
            assert 0 == exit_code(fork(lambda: asyncio.run(elsewhere())))
            assert await asyncio.to_thread(lambda: asyncio.run(elsewhere()))
            assert 1 == await pool.fetchval("SELECT 1", timeout=3)
            await put(store, key, b"value")
        await store.aclose()


async def test_a_pool_has_to_be_ready(own: PostgresServer) -> None:
    """The program forgot to await it, which no waiting will mend; once it did, all is well."""
    pool = asyncpg.create_pool(own.url(), min_size=0, max_size=2)
    store = PostgresStore(pool)
    with pytest.raises(UsageError, match="not ready: await it"):
        await store.read("key")
    async with pool:
        assert await store.read("key") is None
        await store.aclose()
