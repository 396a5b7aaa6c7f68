"""Pauses differ, so that processes that failed together do not come back together."""

from __future__ import annotations

import pytest

from managing import Handmade
from mintonce import MemoryStore, TokenManager, TokenRequestError
from mintonce.codec import load
from mintonce.record import Record
from mintonce.testing import ManualClock

pytestmark = pytest.mark.asyncio


async def first_pause() -> float:
    """The seconds for which nobody asks again after one failure, of half a minute at first."""
    source, store, clock = Handmade(), MemoryStore(), ManualClock()
    source.answers = [TokenRequestError("wrong secret", permanent=True)]
    async with TokenManager(source, store=store, clock=clock) as tokens:
        with pytest.raises(TokenRequestError):
            await tokens.get()
    raw = await store.read(source.key)
    assert raw is not None
    cool_down = load(Record, raw).cool_down
    assert cool_down is not None
    return cool_down.seconds


async def test_pauses_differ_by_a_quarter() -> None:
    """Up and down; on average they last as long as they should."""
    pauses = [await first_pause() for _ in range(40)]
    assert 0.75 * 30 <= min(pauses) < 30
    assert 30 < max(pauses) <= 1.25 * 30
