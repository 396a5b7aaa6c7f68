"""Connections that are lost: without a word, at an odd moment, or because the store was closed."""

from __future__ import annotations

import asyncio
import time
from asyncio import StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backing.proxy import Proxy
from backing.using import TTL, fresh, put
from managing import eventually
from mintonce import StoreUnavailable
from mintonce_postgres import PostgresStore
from mintonce_postgres.gate import CONNECTIONS
from mintonce_postgres.line import SILENCE
from postgres_server import PostgresServer
from postgres_using import blocked, link_of, locked, opened

pytestmark = pytest.mark.asyncio
UPDATES = "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '%(UPDATE%'"


class Network(Proxy):
    """A way to the server that can forget connections: nothing goes through, and nobody is told."""

    def __init__(self, place: Path, server: Path) -> None:
        super().__init__(place, server)
        self._forgotten = set[StreamWriter]()

    def forget(self) -> None:
        """Forget all that are open."""
        self._forgotten |= self._open

    def _carry(self, data: bytes, writer: StreamWriter) -> None:
        if writer not in self._forgotten:
            super()._carry(data, writer)


@asynccontextmanager
async def through(server: PostgresServer, place: Path) -> AsyncIterator[tuple[Network, str]]:
    """A way to the server, and the URL that takes it."""
    directory = place / "network"
    async with Network(directory / server.SOCKET, server.path) as network:
        yield network, server.url(directory)


async def filled(store: PostgresStore, key: str) -> None:
    """Have a value there, and as many connections as there may be."""
    await put(store, key, b"value")
    await asyncio.gather(*(store.read(key) for _ in range(CONNECTIONS)))
    assert CONNECTIONS == link_of(store).pool.get_size()


async def at_once(store: PostgresStore, key: str, number: int = CONNECTIONS) -> set[bytes | None]:
    """What many find who ask at the same time, if none of them has to wait."""
    began = time.monotonic()
    found = {*await asyncio.gather(*(store.read(key) for _ in range(number)))}
    assert time.monotonic() < began + SILENCE
    return found


async def test_connections_are_forgotten_by_the_network(own: PostgresServer, place: Path) -> None:
    """The first call finds it out, and all of them are replaced, also for a swap, sent once."""
    key = fresh()
    async with through(own, place) as (network, url), opened(url) as store:
        await filled(store, key)
        network.forget()
        assert b"value" == await store.read(key)
        assert {b"value"} == await at_once(store, key)
        network.forget()
        assert await store.swap(key, b"value", b"new", ttl=TTL)
        assert {b"new"} == await at_once(store, key)
        assert "1" == await asyncio.to_thread(own.ask, UPDATES)


async def test_an_answer_is_forgotten_by_the_network(
    own: PostgresServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A swap that may have been done is not sent again; the next call has another connection."""
    monkeypatch.setattr("mintonce_postgres.asking.PATIENCE", 1.0)
    key = fresh()
    async with through(own, place) as (network, url), opened(url) as store:
        await filled(store, key)
        async with locked(own, key):
            swap = asyncio.create_task(store.swap(key, b"value", b"new", ttl=TTL))
            await blocked(own)
            network.forget()
        with pytest.raises(StoreUnavailable, match="did not answer"):
            await swap
        assert {b"new"} == await at_once(store, key)
        assert "1" == await asyncio.to_thread(own.ask, UPDATES)


async def test_connections_of_a_pool_are_forgotten_by_the_network(
    own: PostgresServer, place: Path
) -> None:
    """Those that nobody uses are closed at the first silence, whoever made the pool."""
    key = fresh()
    async with (
        through(own, place) as (network, url),
        asyncpg.create_pool(url, min_size=3, max_size=4) as pool,
    ):
        store = PostgresStore(pool)
        await put(store, key, b"value")
        network.forget()
        try:
            assert b"value" == await store.read(key)
            assert {b"value"} == await at_once(store, key)
            await store.aclose()
        finally:
            pool.terminate()  # if it fails, closing would wait for those that are forgotten


async def test_a_connection_in_use_is_let_be(postgres: PostgresServer) -> None:
    """A silence elsewhere ends neither what others do in the pool, nor what the line does."""
    async with asyncpg.create_pool(postgres.url(), min_size=2, max_size=4) as pool:
        store = PostgresStore(pool)
        await store.read("key")
        link = link_of(store)
        await link.line.open()
        async with pool.acquire() as theirs, link.connection() as ours:
            link.silent()
            assert 2 == pool.get_size()
            assert 1 == await theirs.fetchval("SELECT 1")
            assert 1 == await ours.fetchval("SELECT 1")
            assert link.line.is_open
        link.silent()
        assert not link.line.is_open
        await store.aclose()


@pytest.mark.parametrize("when", ["LISTEN", "SELECT value"])
async def test_the_driver_trips_over_a_lost_connection(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """What it raises then is no error of its own: the call is made over another connection."""
    driver: Any = asyncpg.Connection
    prepare, due = driver._get_statement, list[str]()

    async def too_late(self: Any, query: str, *rest: Any, **options: Any) -> object:
        if due and query.startswith(due[0]):
            due.pop()
            self.terminate()
        return await prepare(self, query, *rest, **options)

    monkeypatch.setattr(driver, "_get_statement", too_late)
    async with opened(postgres.url()) as own, asyncpg.create_pool(postgres.url()) as pool:
        for store in (own, PostgresStore(pool)):
            due.append(when)
            assert await store.read("key") is None
            await store.changed("key", b"other", 60.0)
            assert [] == due
            await store.aclose()


async def test_a_store_is_closed_beside_a_call(own: PostgresServer) -> None:
    """That passes by itself, so the call is told that the store is unavailable."""
    async with opened(own.url()) as store:
        assert await store.read("key") is None
        own.pause()
        swap = asyncio.create_task(store.swap("key", b"value", b"new", ttl=TTL))
        await eventually(lambda: link_of(store).line._busy)
        await store.aclose()
        own.resume()
        with pytest.raises(StoreUnavailable, match="closed by this program"):
            await swap
        assert await store.read("key") is None


async def test_a_line_that_took_the_place_of_a_lost_one(postgres: PostgresServer) -> None:
    """Who used the lost one harms neither the new one nor who uses that."""
    async with opened(postgres.url()) as store:
        await store.read("key")
        link = link_of(store)
        with suppress(ConnectionResetError):
            async with link.connection():
                link.line.close()
                await link.line.open()
                new = link.line.borrow()
                raise ConnectionResetError
        assert new
        assert new is link.line._connection
        assert link.line.borrow() is None  # it is still in use
