"""A pause that only one process keeps to: it sends nothing, and is in nobody else's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from flying import steps
from making import make_lease
from managing import Preparing, eventually, passing
from mintonce import MemoryStore, TokenManager, TokenRequestError
from mintonce.cell import Cell
from mintonce.record import Record
from mintonce.testing import ManualClock

pytestmark = pytest.mark.asyncio

WRONG = TokenRequestError("the vault knows no secret of ours", permanent=True)
OVER = 60.0  # seconds: longer than the first pause after that
THEIRS = make_lease("them", by="other:2")


@dataclass(frozen=True)
class Paused:
    """A process that has just failed to get ready, and what it shares with others."""

    tokens: TokenManager
    source: Preparing
    store: MemoryStore
    clock: ManualClock
    others: Cell[Record]


@asynccontextmanager
async def paused() -> AsyncIterator[Paused]:
    """It may not ask for a while."""
    source, store, clock = Preparing(), MemoryStore(), ManualClock()
    source.failures, source.error = 1, WRONG
    others: Cell[Record] = Cell(store, source.key, Record, writer="them", ttl=lambda _: 60.0)
    async with TokenManager(source, store=store, clock=clock) as tokens:
        with pytest.raises(TokenRequestError, match="the vault"):
            await tokens.get()
        yield Paused(tokens, source, store, clock, others)


async def test_it_waits_for_another_that_asks() -> None:
    """It is not refused: what it may not send, the other has sent already."""
    async with paused() as process:
        process.source.open.clear()
        async with TokenManager(process.source, store=process.store, clock=process.clock) as well:
            asking = asyncio.create_task(well.get())
            await eventually(lambda: process.source.requests)
            waiting = asyncio.create_task(process.tokens.get())
            await steps(50)
            process.source.open.set()
            assert await asking == await waiting
        assert 1 == process.source.requests


async def test_it_asks_when_the_pause_is_over_and_tells_nobody_of_it() -> None:
    """What it claims is what it found, and not its own view of that."""
    async with paused() as process:
        with pytest.raises(TokenRequestError, match="the vault"):
            await process.tokens.get()
        process.clock.advance(OVER)
        process.source.open.clear()
        asking = asyncio.create_task(process.tokens.get())
        await eventually(lambda: process.source.requests)
        record = (await process.others.read()).value
        assert record.lease
        assert Record(lease=record.lease) == record
        process.source.open.set()
        await asking


async def test_it_takes_over_from_the_dead_when_the_pause_is_over() -> None:
    """Like anybody else."""
    async with paused() as process:
        await process.others.update(lambda record: replace(record, lease=THEIRS))
        process.clock.advance(OVER)
        async with passing(process.clock):
            await process.tokens.get()
        assert 1 == process.source.requests


async def test_its_pauses_grow_and_begin_anew() -> None:
    """Twice as long each time, a quarter of that more or less, until it was ready once."""
    source, clock = Preparing(), ManualClock()
    source.error = WRONG

    async def tries(tokens: TokenManager) -> bool:
        source.failures = 1
        with pytest.raises(TokenRequestError, match="the vault"):
            await tokens.get()
        return source.failures == 0

    async with TokenManager(source, clock=clock) as tokens:
        for pauses in ([30, 60, 120], [30, 60]):
            for pause in pauses:
                assert await tries(tokens)
                clock.advance(0.74 * pause)
                assert not await tries(tokens)
                clock.advance(0.52 * pause)
            source.failures = 0
            token = await tokens.get()
            clock.advance(token.lifetime + 1)
    assert 2 == source.requests
