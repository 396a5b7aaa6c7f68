"""What is done with stores, whichever server they talk to."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from secrets import token_hex
from typing import Any

from managing import moment
from mintonce import StoreUnavailable
from mintonce.stores import TokenStore

TTL = 60.0


def fresh() -> str:
    """A key that nobody has used."""
    return f"test-{token_hex(8)}"


async def put(store: TokenStore, key: str, value: bytes) -> None:
    """Have this value there."""
    assert await store.swap(key, await store.read(key), value, ttl=TTL)


async def as_soon_as_possible(ask: Callable[[], Awaitable[Any]], *, seconds: float = 8.0) -> Any:
    """Ask until the server is back, and return what it says."""
    until = time.monotonic() + seconds
    while True:
        try:
            return await ask()
        except StoreUnavailable:
            assert time.monotonic() < until, "the store does not recover"
            await moment()
