"""G2 budget: several budgets at once, names, the reserve, and reservations that got old."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from making import make_mint, utc
from managing import Handmade, settled
from mintonce import Budget, BudgetExhausted, MemoryStore, TokenManager, UsageError
from mintonce.budget import Period
from mintonce.ledger import Ledger
from mintonce.renewal import HEARTBEAT
from mintonce.spending import check, reserve
from mintonce.testing import ManualClock
from troubled import Swap, Troubled, run, skip

HOUR, DAY = 3600.0, 86_400.0
MAY = utc(2026, 5, 10)


async def tokens_until_spent(tokens: TokenManager, clock: ManualClock, every: float) -> int:
    """How many tokens there are until no more is allowed."""
    for number in range(100):
        try:
            await tokens.get()
        except BudgetExhausted:
            return number
        clock.advance(every)
    raise AssertionError("the budget is never spent")


@pytest.mark.asyncio
async def test_several_budgets_at_once() -> None:
    """Each of them holds; the error tells when all of them allow for more."""
    clock, source = ManualClock(MAY), Handmade(lifetime=60)
    budgets = [Budget(3, per="hour"), Budget(5, per="day"), Budget(7, per=timedelta(days=7))]
    async with TokenManager(source, budget=budgets, clock=clock) as tokens:
        assert 3 == await tokens_until_spent(tokens, clock, 61)
        clock.advance(HOUR + 301)
        assert 2 == await tokens_until_spent(tokens, clock, 61)
        clock.advance(DAY)
        assert 2 == await tokens_until_spent(tokens, clock, 61)
        with pytest.raises(BudgetExhausted, match="7 days") as spent:
            await tokens.get()
        clock.advance(spent.value.resets_at - clock.wall())
        await tokens.get()
    assert 8 == source.requests


@pytest.mark.asyncio
async def test_budgets_of_one_name_are_one() -> None:
    """Where the server counts several clients together."""
    store = MemoryStore()
    for key, name, allowed in [("a", "t1", True), ("b", "t1", False), ("b", "t2", True)]:
        budget = Budget(1, per="day", name=name)
        async with TokenManager(Handmade(key=key), store=store, budget=budget) as tokens:
            if allowed:
                await tokens.get()
            else:
                with pytest.raises(BudgetExhausted):
                    await tokens.get()


def test_a_manager_counts_in_one_ledger() -> None:
    """It could not spend from two at once."""
    budgets = [Budget(1, per="day", name="t1"), Budget(9, per="month", name="t2")]
    with pytest.raises(UsageError, match="one manager counts in one ledger"):
        TokenManager(Handmade(), budget=budgets)


@pytest.mark.asyncio
async def test_early_renewal_leaves_the_last_tenth_to_those_who_have_no_token() -> None:
    """It comes to nothing; the token at hand is used until it expires, and then replaced."""
    clock, source, store = ManualClock(MAY), Handmade(lifetime=1000), MemoryStore()
    budget = Budget(2, per="day")
    async with TokenManager(source, store=store, budget=budget, clock=clock) as tokens:
        first = await tokens.get()
        clock.advance(990)
        for _ in range(5):
            assert first == await tokens.get()
            await settled(tokens)
            clock.advance(1)
        assert (1, 5) == (source.requests, tokens.stats.failed + 4)
        clock.advance(10)
        assert first != await tokens.get()
    assert 2 == source.requests


@pytest.mark.asyncio
async def test_what_may_not_be_sent_is_not_claimed() -> None:
    """A claim and its return are two writes, which all others would see."""
    source, store = Handmade(), Troubled()
    async with TokenManager(source, store=store, budget=Budget(2, per="day")) as tokens:
        await tokens.invalidate(await tokens.get())
        store.done.clear()
        with pytest.raises(BudgetExhausted, match="1 kept for those who have no token"):
            await tokens.get()
    assert [] == store.done


@pytest.mark.parametrize(
    ("per", "resets_at"),
    [("day", MAY + DAY + 300), (timedelta(hours=2), MAY - 120 + 2 * HOUR + 600)],
)
def test_a_renewal_is_told_when_the_reserve_is_whole_again(
    per: Period | timedelta, resets_at: float
) -> None:
    """At that moment it really is allowed: not before, as for those who have no token."""
    budget, ledger = Budget(10, per=per), Ledger()
    for number in range(9):
        changed = reserve(ledger, [budget], make_mint(number, at=MAY - 120 + number))
        assert changed is not None
        ledger = changed
    with pytest.raises(BudgetExhausted) as spent:
        check(ledger, [budget], "early", MAY + 60)
    assert resets_at == spent.value.resets_at
    check(ledger, [budget], "early", resets_at)


def test_a_reservation_that_got_old_is_made_anew() -> None:
    """After a pause, a heartbeat has saved the lease; but the window may be another one by now."""

    async def check() -> None:
        clock, source, store = ManualClock(MAY), Handmade(), Troubled()
        go_on = asyncio.Event()

        async def stuck(swap: Swap) -> bool:
            await go_on.wait()
            return await swap()

        store.swaps = [None, stuck]
        budget = Budget(9, per="day")
        async with TokenManager(source, store=store, budget=budget, clock=clock) as tokens:
            caller = asyncio.create_task(tokens.get())
            await skip(0.1)
            clock.advance(HOUR)
            await skip(HEARTBEAT)
            assert [source.key] * 2 == store.done
            go_on.set()
            await caller
            status = await tokens.status()
        assert ["refused", "minted"] == [mint.outcome for mint in status.mints]
        assert 1 == source.requests == status.budgets[0].used
        assert clock.wall() == status.mints[-1].at

    run(check)
