"""PostgresStore keeps the whole contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from mintonce.stores import TokenStore
from mintonce.testing.contract import PushingStoreContract, StoreContract
from mintonce_postgres import PostgresStore
from postgres_server import PostgresServer


class TestByUrl(StoreContract, PushingStoreContract):
    """Two handles with connections of their own."""

    url: str

    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.url = postgres.url()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle on the server."""
        store = PostgresStore.from_url(self.url)
        try:
            yield store
        finally:
            await store.aclose()


class TestByPool(StoreContract, PushingStoreContract):
    """Two handles with a pool each, in a schema and a table with odd names."""

    url: str

    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.url = postgres.url()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle on the server."""
        async with asyncpg.create_pool(self.url, min_size=0, max_size=3) as pool:
            store = PostgresStore(pool, schema='Odd "schema"; --', table="t'$1 %s")
            try:
                yield store
            finally:
                await store.aclose()
