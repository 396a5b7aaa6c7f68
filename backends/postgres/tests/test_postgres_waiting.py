"""Waiting for a change: one connection that listens, few statements, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from backing.using import TTL, fresh, put
from managing import Handmade, eventually, manager, server_of
from mintonce import StoreUnavailable, TokenManager
from mintonce_postgres import PostgresStore
from postgres_server import PostgresServer
from postgres_using import link_of, opened, waiting

pytestmark = pytest.mark.asyncio
LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"


@asynccontextmanager
async def pooled(url: str, size: int, stores: int = 1) -> AsyncIterator[list[PostgresStore]]:
    """Stores over one pool of so many connections."""
    async with asyncpg.create_pool(url, min_size=0, max_size=size) as pool:
        made = [PostgresStore(pool) for _ in range(stores)]
        yield made
        for store in made:
            await store.aclose()


async def test_a_token_costs_who_waits_for_it_two_readings(own: PostgresServer) -> None:
    """Who did not mint reads before and after, listens in between, and writes nothing."""
    own.ask("CREATE ROLE waits SUPERUSER LOGIN")
    async with server_of(latency=0.2) as authorization:
        holder = manager(authorization, store=own.url())
        other = manager(authorization, store=own.url(user="waits"))
        async with holder, other:
            held = asyncio.create_task(holder.get())
            await authorization.arrived(1)
            assert (await other.get()).fingerprint == (await held).fingerprint
        assert 1 == authorization.requests
    told = own.ask(
        "SELECT calls, left(query, 12) FROM pg_stat_statements JOIN pg_user ON usesysid = userid"
        " WHERE usename = 'waits' ORDER BY query"
    )
    assert ['1|LISTEN "mint', "1|SELECT pg_ba", "2|SELECT value"] == [
        line.rstrip() for line in told.splitlines()
    ]


async def test_waiting_needs_no_reading(own: PostgresServer) -> None:
    """As long as the connection that listens stands, what was read counts until there is news."""
    key = fresh()
    async with opened(own.url()) as store:
        await put(store, key, b"value")
        assert b"value" == await store.read(key)
        own.ask("SELECT pg_stat_statements_reset()")
        for _ in range(5):
            await store.changed(key, b"value", 0.01)
        assert 0 == await _reads(own)
        await store.changed(key, b"other", 60.0)
        assert 0 == await _reads(own)


async def _reads(server: PostgresServer) -> int:
    counted = "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '% value %'"
    return int(await asyncio.to_thread(server.ask, counted))


async def test_one_connection_listens_for_all(own: PostgresServer) -> None:
    """However many keys and tasks wait, one connection serves them, and the statements too."""
    async with opened(own.url()) as store:
        keys = [fresh() for _ in range(50)]
        waits = [await waiting(store, key, None) for key in keys * 2]
        assert "1" == await asyncio.to_thread(
            own.ask,
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        )
        for key in keys:
            await put(store, key, b"value")
        await asyncio.wait_for(asyncio.gather(*waits), 5)


async def test_closing_sends_everybody_home(postgres: PostgresServer) -> None:
    """Who waits when the store is closed returns, and nothing is left of it."""
    async with opened(postgres.url()) as store:
        waits = [await waiting(store, fresh(), None) for _ in range(10)]
        link = link_of(store)
        await store.aclose()
        await asyncio.wait_for(asyncio.gather(*waits), 2)
        assert 0 == len(link.news._waited_for)
        assert 0 == link.pool.get_size()
        assert await store.read("key") is None  # it opens again, as at first


async def test_who_is_cancelled_leaves_nothing(postgres: PostgresServer) -> None:
    """A wait that is cancelled is forgotten, and the connection is free for others."""
    key = fresh()
    async with opened(postgres.url()) as store:
        waits = [await waiting(store, key, None) for _ in range(10)]
        for task in waits:
            task.cancel()
        await asyncio.wait(waits)
        del task
        waits.clear()
        gc.collect()  # an exception keeps what it went through
        assert 0 == len(link_of(store).news._waited_for)
        assert 0 == link_of(store).line._waiters


async def test_a_change_that_failed_is_not_told(postgres: PostgresServer) -> None:
    """Nobody is woken by a swap that was refused."""
    key = fresh()
    async with opened(postgres.url()) as store, opened(postgres.url()) as other:
        await put(store, key, b"value")
        waits = await waiting(store, key, b"value")
        assert not await other.swap(key, b"wrong", b"new", ttl=TTL)
        assert not await other.swap(key, None, b"new", ttl=TTL)
        assert not await other.swap(key, b"wrong", None, ttl=TTL)
        assert await other.swap(fresh(), None, b"marker", ttl=TTL)
        key_of_the_end = fresh()
        end = await waiting(store, key_of_the_end, None)
        await put(other, key_of_the_end, b"told after all of these")
        await asyncio.wait_for(end, 2)
        assert not waits.done()
        await put(other, key, b"new")
        await asyncio.wait_for(waits, 2)


async def test_news_while_reading_is_not_overwritten(postgres: PostgresServer) -> None:
    """What was read before a change does not count as news after it."""
    key = fresh()
    async with opened(postgres.url()) as store:
        await store.read(key)
        news = link_of(store).news
        mark = news.mark(key)
        await put(store, key, b"new")
        await eventually(lambda: news.mark(key) != mark)
        news.note(key, None, mark)
        await asyncio.wait_for(store.changed(key, None, 60.0), 2)


async def test_the_last_connection_of_a_pool_is_left_free(postgres: PostgresServer) -> None:
    """Through a pool with one connection nobody listens; swaps and tokens come through anyway."""
    key = fresh()
    async with pooled(postgres.url(), 1) as (store,):
        await put(store, key, b"value")
        with pytest.raises(StoreUnavailable, match="nobody can listen through this pool"):
            await store.changed(key, b"value", 60.0)
        source = Handmade(key=fresh())
        tokens, other = TokenManager(source, store=store), TokenManager(source, store=store)
        first, second = await asyncio.gather(tokens.get(), other.get())
        assert first.fingerprint == second.fingerprint
        await tokens.aclose()
        await other.aclose()
    async with pooled(postgres.url(), 2, stores=2) as (one, two):
        waits = await waiting(one, key, b"value")
        with pytest.raises(StoreUnavailable):
            await two.changed(key, b"value", 60.0)
        await put(two, key, b"new")
        await asyncio.wait_for(waits, 2)


async def test_a_pool_is_only_listened_on_while_somebody_waits(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading takes no connection of the user's for itself; waiting does, and gives it back."""
    monkeypatch.setattr("mintonce_postgres.line.IDLE", 0.05)
    key = fresh()
    async with pooled(postgres.url(), 3) as (store,):
        await put(store, key, b"value")
        link = link_of(store)
        assert not link.line.is_open
        waits = await waiting(store, key, b"value")
        assert 1 == link.pool.get_size() - link.pool.get_idle_size()
        await put(store, key, b"new")
        await asyncio.wait_for(waits, 2)
        await eventually(lambda: link.pool.get_size() == link.pool.get_idle_size())
