"""Stores of the tests, and what is done with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from backing.backend import Backend
from managing import moment
from mintonce_postgres import PostgresStore
from mintonce_postgres.link import Link
from postgres_server import PostgresServer

_BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresStore]:
    """Open a store, and close it at the end."""
    store = PostgresStore.from_url(url)
    try:
        yield store
    finally:
        await store.aclose()


async def waiting(store: PostgresStore, key: str, seen: bytes | None) -> asyncio.Task[None]:
    """Have somebody wait for a change, for whom the line is open."""
    task = asyncio.create_task(store.changed(key, seen, 60.0))
    async with asyncio.timeout(5):
        await asyncio.sleep(0)
        while not link_of(store).news._waited_for.get(key):
            assert not task.done(), task
            await moment()
    return task


@asynccontextmanager
async def locked(server: PostgresServer, key: str) -> AsyncIterator[None]:
    """Hold the row, so that whoever wants to change it has to wait."""
    admin = await asyncpg.connect(server.url())
    async with admin.transaction():
        await admin.execute("SELECT FROM mintonce WHERE key = $1 FOR UPDATE", key)
        yield
    await admin.close()


async def blocked(server: PostgresServer) -> None:
    """Return when somebody waits for such a row."""
    while await asyncio.to_thread(server.ask, _BLOCKED) != "1":
        pass


def link_of(store: PostgresStore) -> Link:
    """What a store has opened in this loop."""
    return store._links._links[asyncio.get_running_loop()][0]


class OnPostgres(Backend[PostgresStore]):
    """What the tests that all backends share have to know of this one."""

    def make(self, url: str) -> PostgresStore:
        """Make a store."""
        return PostgresStore.from_url(url)

    async def waiting(
        self, store: PostgresStore, key: str, seen: bytes | None
    ) -> asyncio.Task[None]:
        """Have somebody wait for a change of a value, who is known to listen."""
        return await waiting(store, key, seen)

    def line_of(self, store: PostgresStore) -> object:
        """Return the connection over which a store listens in this loop."""
        return link_of(store).line._connection
