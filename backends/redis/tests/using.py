"""Stores of the tests, and what is done with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from backing.backend import Backend
from managing import moment
from mintonce_redis import RedisStore

README = Path(__file__).parents[1] / "README.md"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[RedisStore]:
    """Open a store, and close it at the end."""
    store = RedisStore.from_url(url)
    try:
        yield store
    finally:
        await store.aclose()


def permissions() -> list[str]:
    """The command that makes a user, as it is printed in the README."""
    (line,) = (line for line in README.read_text("utf-8").splitlines() if line.startswith("ACL"))
    return line.split()


async def waiting(store: RedisStore, key: str, seen: bytes | None) -> asyncio.Task[None]:
    """Have somebody wait for a change, who has been heard to listen."""
    task = asyncio.create_task(store.changed(key, seen, 60.0))
    channel = store._channel(store._name(key))
    async with asyncio.timeout(5):
        while not any(line.hearing.knows(channel) for line in lines_of(store)):
            await moment()
    return task


def lines_of(store: RedisStore) -> list[Any]:
    """The lines of a store, in all loops."""
    return [line for board in store._boards.values() for line in board._lines.values()]


class OnValkey(Backend[RedisStore]):
    """What the tests that all backends share have to know of this one."""

    def make(self, url: str) -> RedisStore:
        """Make a store."""
        return RedisStore.from_url(url)

    async def waiting(self, store: RedisStore, key: str, seen: bytes | None) -> asyncio.Task[None]:
        """Have somebody wait for a change of a value, who is known to listen."""
        return await waiting(store, key, seen)

    def line_of(self, store: RedisStore) -> object:
        """Return the connection over which a store listens in this loop."""
        (line,) = lines_of(store)
        assert line.lost is None
        return line
