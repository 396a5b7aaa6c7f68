"""The stores that come with mintonce keep the whole contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from broken_stores import pushing
from mintonce.stores import FileStore, MemoryStore, TokenStore
from mintonce.testing.contract import PushingStoreContract, StoreContract


class TestMemoryStore(StoreContract):
    """Two handles on one dict."""

    values: dict[str, bytes] = {}  # noqa: RUF012 - shared by all checks on purpose, as a server would be

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle on the dict."""
        yield MemoryStore(self.values)


class TestFileStore(StoreContract):
    """Two handles on one directory."""

    directory: Path

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.directory = tmp_path / "tokens"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle on the directory."""
        yield FileStore(self.directory)


class TestPushingStore(StoreContract, PushingStoreContract):
    """A store that pushes is held to both contracts, with one `open`."""

    shared = pushing.Shared()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle on the dict and on those who wait."""
        yield pushing.CorrectPushingStore(self.shared)


def test_the_contract_has_many_checks() -> None:
    """The contract is no formality, and each of its checks says what the duty is."""
    checks = [
        getattr(StoreContract, name) for name in dir(StoreContract) if name.startswith("test")
    ]
    assert 25 <= len(checks)
    assert all(check.__doc__ and check.__doc__.endswith(".") for check in checks)
