"""Poolers that hand each transaction to another session: nothing may depend on the last one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from backing.using import TTL, fresh
from mintonce import StoreUnavailable
from mintonce.stores import TokenStore
from mintonce.testing.contract import StoreContract
from mintonce_postgres import PostgresStore, line
from postgres_server import PostgresServer


@asynccontextmanager
async def forgetful(url: str) -> AsyncIterator[PostgresStore]:
    """A store whose sessions know nothing of what was done in them before."""

    async def forget(connection: Any) -> None:
        await connection.execute("DISCARD ALL")

    async with asyncpg.create_pool(url, min_size=0, max_size=2, setup=forget) as pool:
        store = PostgresStore(pool)
        yield store
        await store.aclose()


class TestBehindAPooler(StoreContract):
    """Each statement in a session that was made for it."""

    url: str

    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.url = postgres.url()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle."""
        async with forgetful(self.url) as store:
            yield store


@pytest.mark.asyncio
async def test_no_statement_gets_a_name(postgres: PostgresServer) -> None:
    """A statement with a name would be looked for in another session, and not be found."""
    names = (
        "SELECT count(*) FROM pg_prepared_statements"
        " WHERE statement LIKE '%worthless%' AND statement NOT LIKE '%prepared%'"
    )
    async with asyncpg.create_pool(postgres.url(), min_size=1, max_size=1) as pool:
        store = PostgresStore(pool)
        key = fresh()
        for old, new in ((None, b"a"), (b"a", b"b"), (b"b", None), (None, None)):
            assert await store.swap(key, old, new, ttl=TTL)
            assert new == await store.read(key)
        assert 0 == await pool.fetchval(names)


@pytest.mark.asyncio
async def test_who_cannot_listen_is_told_to_poll(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a pooler the server is another process than the one that said hello."""
    monkeypatch.setattr(line, "SESSION", "SELECT 1")
    store = PostgresStore.from_url(postgres.url())
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="listen"):
            await store.changed("key", None, 60.0)
    assert not await store.swap("key", b"some", b"thing", ttl=TTL)
    await store.aclose()
