"""Waiting for others: a store that pushes is asked, any other one is polled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flying import steps
from making import make_lease, make_record
from managing import Handmade, eventually
from mintonce import MemoryStore, StoreError, TokenManager
from mintonce.cell import STORE_TIMEOUT, Cell
from mintonce.codec import dump
from mintonce.record import Record
from mintonce.stores import TokenStore
from mintonce.testing import ManualClock
from troubled import run, skip


def cell_of(store: TokenStore) -> Cell[Record]:
    """A cell for a record."""
    return Cell(store, "token-a", Record, writer="w", ttl=lambda _: 60.0)


class Pushing(MemoryStore):
    """A store that pushes when the test tells it to; or fails, or never answers."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__({"token-a": dump(make_record(token=None, lease=make_lease()), writer="w")})
        self.push = asyncio.Event()
        self.error = error
        self.asked: list[tuple[str, bytes | None, float]] = []

    async def changed(self, key: str, seen: bytes | None, timeout: float) -> None:
        """Wait for the test."""
        self.asked.append((key, seen, timeout))
        if self.error:
            raise self.error
        await self.push.wait()


@pytest.mark.asyncio
async def test_a_store_that_cannot_push_is_polled() -> None:
    """It says so at once."""
    cell = cell_of(MemoryStore())
    assert not await cell.changed(await cell.read(), within=60)


@pytest.mark.asyncio
async def test_a_store_that_pushes_is_waited_for() -> None:
    """It knows what was seen, and how long it may take."""
    store = Pushing()
    cell = cell_of(store)
    seen = await cell.read()
    waiting = asyncio.create_task(cell.changed(seen, within=0.5))
    await steps(3)
    assert not waiting.done()
    store.push.set()
    assert await waiting
    assert [("token-a", seen.raw, 0.5)] == store.asked


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [StoreError("away"), OSError("reset")], ids=repr)
async def test_a_store_that_fails_to_push_is_polled(error: Exception) -> None:
    """That is no reason to disturb callers."""
    cell = cell_of(Pushing(error))
    assert not await cell.changed(await cell.read(), within=0.5)


def test_a_store_that_forgets_to_push_is_polled() -> None:
    """Nobody waits for ever for an answer that does not come."""

    async def check() -> None:
        cell = cell_of(Pushing())
        waiting = asyncio.create_task(cell.changed(await cell.read(), within=0.5))
        await skip(STORE_TIMEOUT + 0.1)
        assert not await waiting

    run(check)


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [None, OSError("reset")], ids=repr)
async def test_a_manager_gets_the_token_of_another_one(error: Exception | None) -> None:
    """As soon as it is pushed, or else with the next look."""
    clock, store, source = ManualClock(), Pushing(error), Handmade(key="token-a")
    others: Cell[Any] = cell_of(store)
    async with TokenManager(source, store=store, clock=clock) as tokens:
        caller = asyncio.create_task(tokens.get())
        await eventually(lambda: store.asked)
        record = make_record()
        await others.update(lambda _: record)
        store.push.set()
        assert record.token == await caller
    assert 0 == source.requests
