"""G3 fresh: what the steady clock knows of a token is not forgotten when the wall clock is set."""

from __future__ import annotations

import asyncio

import pytest

from managing import Handmade
from mintonce import MemoryStore, TokenManager
from mintonce.testing import ManualClock

pytestmark = pytest.mark.asyncio

HOUR = 3600.0


class Slow(MemoryStore):
    """A store that answers when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    async def read(self, key: str) -> bytes | None:
        """Read when it may."""
        if not self.may_answer.is_set():
            self.asked.set()
        await self.may_answer.wait()
        return await super().read(key)


@pytest.mark.parametrize("step", [-1.0, -600.0])
async def test_a_need_after_the_wall_clock_was_set_back(step: float) -> None:
    """What the steady clock knows to be too short is not handed out, nor believed anew."""
    clock, source = ManualClock(), Handmade(lifetime=HOUR)
    async with TokenManager(source, clock=clock, refresh_ahead=0) as tokens:
        await tokens.get()
        clock.advance(HOUR - 900)
        clock.step_wall(step)
        assert "handmade-1" == (await tokens.get()).access_token
        assert "handmade-2" == (await tokens.get(min_validity=900.5)).access_token


async def test_the_wall_clock_is_set_back_while_the_store_is_read() -> None:
    """The token that is known already does not live longer for that."""
    clock, source, store = ManualClock(), Handmade(lifetime=HOUR), Slow()
    async with TokenManager(source, store=store, clock=clock, refresh_ahead=0) as tokens:
        await tokens.get()
        clock.advance(HOUR - 900)
        clock.step_wall(1000)
        store.may_answer.clear()
        waiting = asyncio.ensure_future(tokens.get())
        await store.asked.wait()
        clock.step_wall(-3000)
        store.may_answer.set()
        assert "handmade-1" == (await waiting).access_token
        clock.advance(900)
        assert "handmade-2" == (await tokens.get()).access_token
