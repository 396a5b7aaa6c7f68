"""RedisStore keeps the whole contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mintonce.stores import TokenStore
from mintonce.testing.contract import PushingStoreContract, StoreContract
from mintonce_redis import RedisStore
from valkey_server import ValkeyServer


class TestRedisStore(StoreContract, PushingStoreContract):
    """Two handles on one server."""

    url: str

    @pytest.fixture(autouse=True)
    def _server(self, valkey: ValkeyServer) -> None:
        self.url = valkey.url()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle on the server."""
        store = RedisStore.from_url(self.url)
        try:
            yield store
        finally:
            await store.aclose()
