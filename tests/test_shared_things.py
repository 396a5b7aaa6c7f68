"""What managers tell apart, and what they have in common: writers, ledgers, leases."""

from __future__ import annotations

import asyncio

import pytest

from managing import Handmade
from mintonce import Budget, BudgetExhausted, MemoryStore, TokenManager
from mintonce.renewal import LEASE
from mintonce.testing import ManualClock
from troubled import run, skip


@pytest.mark.asyncio
async def test_no_two_managers_write_the_same_bytes() -> None:
    """Not even the same record: comparing bytes would take the write of one for the other's."""
    source, clock, values = Handmade(), ManualClock(), dict[str, bytes]()
    token = await TokenManager(source, store=MemoryStore(values), clock=clock).get()
    written = set[bytes]()
    for _ in range(2):
        copy = dict(values)
        await TokenManager(source, store=MemoryStore(copy), clock=clock).invalidate(token)
        written.add(copy[source.key])
    assert 2 == len(written - {values[source.key]})


class Metered(Handmade):
    """A source whose server counts it together with others."""

    ledger_key = "ledger-of-the-client"


@pytest.mark.asyncio
async def test_sources_that_a_server_counts_together_share_a_budget() -> None:
    """They have tokens of their own, and one ledger."""
    store, budget = MemoryStore(), Budget(1, per="day")
    first, second = Metered(key="token-read"), Metered(key="token-write")
    await TokenManager(first, store=store, budget=budget).get()
    with pytest.raises(BudgetExhausted):
        await TokenManager(second, store=store, budget=budget).get()
    assert (1, 0) == (first.requests, second.requests)


def test_a_lease_that_is_kept_alive_is_not_taken() -> None:
    """However long the request takes that its holder has sent."""

    async def check() -> None:
        source, store, clock = Handmade(), MemoryStore(), ManualClock()
        source.open.clear()
        managers = [TokenManager(source, store=store, clock=clock) for _ in range(2)]
        getting = [asyncio.create_task(tokens.get()) for tokens in managers]
        for _ in range(round(3 * LEASE / 0.1)):
            clock.advance(0.1)
            await skip(0.1)
        assert 1 == source.requests
        source.open.set()
        await skip(1)
        first, second = await asyncio.gather(*getting)
        assert first == second
        for tokens in managers:
            await tokens.aclose()

    run(check)
