"""Between the need and the request: what is made sure of before anything is written or sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

import forwarding
from forwarding import LoopClock, passes
from managing import Handmade
from mintonce import Budget, BudgetExhausted, MemoryStore, TokenManager
from mintonce.renewal import LEASE
from mintonce.testing import ManualClock
from troubled import Troubled


class Importing(Handmade):
    """A source that holds up its whole process at first, as a long import does.

    Attributes:
        prepared: How often it was asked to get ready.

    """

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.prepared = 0
        self._clock = clock

    async def prepare(self, *, timeout: float) -> Callable[[], Awaitable[Mapping[str, Any]]]:  # noqa: ARG002 - it needs none
        """Get ready; meanwhile nothing else runs here, and the lease is not renewed."""
        if not self.prepared:
            self._clock.suspend(LEASE + 1)
        self.prepared += 1
        return self.mint


@pytest.mark.asyncio
async def test_getting_ready_may_take_longer_than_a_lease() -> None:
    """The lease is written anew if nobody has taken it, and nothing has to begin again."""
    clock = ManualClock()
    source = Importing(clock)
    async with TokenManager(source, budget=Budget(9, per="day"), clock=clock) as tokens:
        await tokens.get()
        outcomes = [mint.outcome for mint in (await tokens.status()).mints]
    assert (1, ["minted"]) == (source.prepared, outcomes)


class Contended(MemoryStore):
    """A store whose ledger others write to, again and again, while it takes its time.

    Attributes:
        races: How many more writes come too late.

    """

    def __init__(self) -> None:
        super().__init__()
        self.races = 9

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Swap, unless others were faster."""
        if key.startswith("ledger") and self.races:
            self.races -= 1
            await passes(4)
            return False
        return await super().swap(key, old, new, ttl=ttl)


def test_a_reservation_that_took_long_is_made_anew() -> None:
    """The request may fall into another window than the one that it was counted in."""
    source = Handmade()

    async def test() -> list[str]:
        budget = Budget(9, per="day")
        tokens = TokenManager(source, store=Contended(), budget=budget, clock=LoopClock())
        async with tokens:
            await tokens.get()
            return [mint.outcome for mint in (await tokens.status()).mints]

    assert ["refused", "minted"] == forwarding.run(test)
    assert 1 == source.requests


@pytest.mark.asyncio
async def test_nothing_is_claimed_for_a_budget_that_is_spent() -> None:
    """Others would see a lease come and go, and the store would be written to for nothing."""
    clock, store = ManualClock(), Troubled()
    budget = Budget(1, per="day")
    async with TokenManager(Handmade(), store=store, budget=budget, clock=clock) as tokens:
        await tokens.get()
        clock.advance(3601)
        store.done.clear()
        with pytest.raises(BudgetExhausted):
            await tokens.get()
    assert [] == store.done
