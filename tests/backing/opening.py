"""A store by its URL, for as long as it is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mintonce.stores import TokenStore, open_store


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[TokenStore]:
    """Open a store, and close it at the end if there is anything to close."""
    store = open_store(url)
    try:
        yield store
    finally:
        if close := getattr(store, "aclose", None):
            await close()
