"""What the tests that all backends share have to know of one of them."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

from mintonce.stores import PushingStore, TokenStore


class Store(TokenStore, PushingStore, Protocol):
    """A store that tells of changes, and has something to close."""

    async def aclose(self) -> None:
        """Close it."""


S = TypeVar("S", bound=Store)


class Backend(ABC, Generic[S]):
    """A kind of store, over one kind of server."""

    @abstractmethod
    def make(self, url: str) -> S:
        """Make a store."""

    @abstractmethod
    async def waiting(self, store: S, key: str, seen: bytes | None) -> asyncio.Task[None]:
        """Have somebody wait for a change of a value, who is known to listen."""

    @abstractmethod
    def line_of(self, store: S) -> object:
        """Return the connection over which a store listens in this loop."""
