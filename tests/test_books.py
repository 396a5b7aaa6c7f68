"""The books: what is counted in the store, and what happens when it cannot be."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest

from making import NOW, make_mint
from mintonce import Budget, BudgetExhausted, MemoryStore, StoreError
from mintonce.books import Books
from mintonce.ledger import Ledger, Quota
from troubled import Troubled, answer_lost, fails

pytestmark = pytest.mark.asyncio

TWO = Budget(2, per="month")
DAY = 86_400.0


def books(store: MemoryStore, *budgets: Budget) -> Books:
    """The books of one process."""
    return Books(store, "ledger-a", budgets, writer="w")


async def ledger(one: Books) -> Ledger:
    """What is in the store."""
    return (await one.cell.read()).value


async def test_everybody_who_shares_the_store_counts_together() -> None:
    """Each reservation is seen by the others."""
    store = MemoryStore()
    one, two = books(store, TWO), books(store, TWO)
    await one.reserve(make_mint(1))
    await two.reserve(make_mint(2))
    for each in (one, two):
        with pytest.raises(BudgetExhausted):
            await each.check("cold", NOW)
        with pytest.raises(BudgetExhausted):
            await each.reserve(make_mint(3))


async def test_to_check_is_not_to_count() -> None:
    """Looking costs nothing and writes nothing."""
    store = Troubled()
    for _ in range(9):
        await books(store, TWO).check("cold", NOW)
    assert [] == store.done


@pytest.mark.parametrize(("outcome", "left"), [("refused", 1), ("lost", 0), ("minted", 0)])
async def test_what_became_of_a_request_is_written_down(outcome: Any, left: int) -> None:
    """Only a certain refusal is given back."""
    one = books(MemoryStore(), Budget(1, per="month"))
    await one.reserve(make_mint(1))
    await one.settle(make_mint(1), outcome, lifetime=DAY, quotas=(Quota(9, 8, NOW + 1),))
    found = await ledger(one)
    assert (outcome, DAY) == (found.mints[0].outcome, found.mints[0].lifetime)
    assert (Quota(9, 8, NOW + 1),) == found.quotas
    assert 1 - left == sum(number for _, number in found.counts)


@pytest.mark.parametrize(("away", "believed"), [(40 * DAY - 1, True), (40 * DAY, False)])
async def test_a_window_of_the_server_that_is_no_month(away: float, *, believed: bool) -> None:
    """It was told by a clock that was wrong, whether it comes in now or has come in before."""
    nothing_left = (Quota(9, 0, NOW + away),)
    told, kept = (books(MemoryStore(), TWO) for _ in range(2))
    await told.reserve(make_mint(1))
    await told.settle(make_mint(1), "minted", quotas=nothing_left)
    await kept.cell.update(lambda _: Ledger(quotas=nothing_left))
    for one, now in [(told, NOW + 1), (kept, NOW)]:
        with pytest.raises(BudgetExhausted) if believed else nullcontext():
            await one.check("cold", now)


async def test_the_ledger_is_kept_for_longer_than_any_window() -> None:
    """A store may drop it only when none of it can count any more."""
    store = Troubled()
    await books(store, TWO).reserve(make_mint(1))
    await books(store, Budget(9, per=timedelta(days=365))).reserve(make_mint(2))
    assert store.ttls[0] > 62 * DAY
    assert store.ttls[1] > 365 * DAY


async def test_with_a_budget_a_ledger_that_fails_is_an_error() -> None:
    """What cannot be counted is not sent."""
    store = Troubled()
    one = books(store, TWO)
    store.swaps = [fails]
    with pytest.raises(StoreError, match="refused"):
        await one.reserve(make_mint(1))
    store.reads = [StoreError("away")]
    with pytest.raises(StoreError, match="away"):
        await one.check("cold", NOW)


async def test_without_a_budget_a_ledger_that_fails_is_no_matter(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is nothing to break; it is said all the same."""
    store = Troubled()
    one = books(store)
    store.swaps, store.reads = [fails], [StoreError("away")]
    await one.check("cold", NOW)
    await one.reserve(make_mint(1))
    assert "a token request is not in the ledger: refused" in caplog.text


async def test_a_settlement_that_fails_leaves_the_request_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That is safe, and no reason to disturb anybody."""
    store = Troubled()
    one = books(store, TWO)
    await one.reserve(make_mint(1))
    store.swaps = [fails]
    await one.settle(make_mint(1), "refused")
    assert "sent" == (await ledger(one)).mints[0].outcome
    assert "a token request stays in the ledger as it is: refused" in caplog.text


async def test_a_settlement_whose_answer_was_lost_is_made_once() -> None:
    """One request is given back, not two."""
    store = Troubled()
    one = books(store, TWO)
    await one.reserve(make_mint(1))
    await one.reserve(make_mint(2))
    store.swaps = [answer_lost]
    await one.settle(make_mint(1), "refused")
    assert ((int(NOW), 1),) == (await ledger(one)).counts


async def test_who_has_no_budget_is_held_to_that_of_the_others() -> None:
    """It is in the ledger."""
    store = MemoryStore()
    await books(store, Budget(1, per="month")).reserve(make_mint(1))
    with pytest.raises(BudgetExhausted):
        await books(store).check("cold", NOW)


@pytest.mark.parametrize(("lifetime", "warned"), [(DAY, False), (3600.0, True)])
async def test_a_budget_that_will_not_last_is_told_in_the_log(
    lifetime: float, *, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """With each mint, and long before it is spent."""
    one = books(MemoryStore(), Budget(100, per="month"), Budget(10**6, per="day"))
    await one.reserve(make_mint(1))
    with caplog.at_level(logging.WARNING):
        await one.settle(make_mint(1), "minted", lifetime=lifetime)
    told = [record.getMessage() for record in caplog.records]
    expected = "the budget of 100 token requests per month will not last: 385 needed, 99 left"
    assert [expected] * warned == told
