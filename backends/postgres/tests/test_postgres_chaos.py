"""Connections that are cut at any byte, and simulated fleets on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import chaos
from backing.cutting import cut_mints, cut_swaps
from backing.simulated import broken_promises
from mintonce_postgres import PostgresStore
from postgres_server import PostgresServer
from postgres_using import opened


class Unread(PostgresStore):
    """A store that never reads, and so never listens: another one reads for it."""

    other: PostgresStore

    async def read(self, key: str) -> bytes | None:
        """Return what is there."""
        return await self.other.read(key)


@asynccontextmanager
async def unread(url: str) -> AsyncIterator[PostgresStore]:
    """A store whose statements never go over a connection that listens."""
    store = Unread.from_url(url)
    assert isinstance(store, Unread)
    async with opened(url) as store.other:
        yield store
        await store.aclose()


@asynccontextmanager
async def pooled(url: str) -> AsyncIterator[PostgresStore]:
    """A store over a pool that somebody else made."""
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
        store = PostgresStore(pool)
        yield store
        await store.aclose()


def test_a_swap_that_is_cut_at_any_byte_is_done_or_not(
    postgres: PostgresServer, place: Path
) -> None:
    """The answer is true, or there is none; and it is sent once, whatever happens to it."""
    came = asyncio.run(cut_swaps(postgres, place))
    assert {("unknown", "old"), ("unknown", "new"), ("done", "new")} == came


@pytest.mark.parametrize("store_at", [unread, pooled])
def test_so_it_is_over_a_connection_that_does_not_listen(
    postgres: PostgresServer, place: Path, store_at: Callable[[str], Any]
) -> None:
    """A pool takes back by itself what is lost, and that is no reason to send anything again."""
    came = asyncio.run(cut_swaps(postgres, place, store_at=store_at, every=7))
    assert {("unknown", "old"), ("unknown", "new"), ("done", "new")} == came


def test_a_mint_that_is_cut_at_any_byte_breaks_no_promise(
    postgres: PostgresServer, place: Path
) -> None:
    """Nobody loses a token, no lease is stuck, and the ledger knows of every request."""
    came = asyncio.run(cut_mints(postgres, place, range(1, 9000, chaos.times(500, 17))))
    assert {"served", "unavailable"} <= {*came}


def test_simulated_fleets_find_no_fault(postgres: PostgresServer) -> None:
    """What the judge of the simulation knows of holds on a real server too."""
    assert [] == broken_promises(postgres.url(), range(chaos.times(3, 300)))
