"""What is known of a token and its budget, put together for people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from making import NOW, make_cool_down, make_lease, make_mint, make_record, make_token, utc
from managing import Handmade
from mintonce import Budget, MemoryStore, StoreError, TokenManager
from mintonce.forecast import Forecast
from mintonce.ledger import Ledger
from mintonce.record import Record
from mintonce.spending import reserve, settle
from mintonce.status import BudgetStatus, Status, TokenStatus, describe
from mintonce.testing import ManualClock
from troubled import Troubled

MONTHLY = Budget(1000, per="month")


def ledger_with(*budgets: Budget) -> Ledger:
    """A ledger with one mint that brought a token of a day."""
    reserved = reserve(Ledger(), budgets, make_mint(1))
    assert reserved
    settled = settle(reserved, "mint-1", "minted", lifetime=86_400.0)
    assert settled
    return settled


def test_nothing_is_known_yet() -> None:
    """No token, no lease, no mints; the budget is untouched."""
    december = utc(2023, 12, 1, 0, 5)
    untouched = BudgetStatus(1000, "month", 0, 1000, december, None)
    assert Status(None, None, None, (untouched,), ()) == describe(
        Record(), Ledger(), [MONTHLY], NOW
    )


def test_the_newest_token() -> None:
    """All about it but the token itself."""
    token = replace(make_token("t0ps3cret"), scope="read")
    status = describe(make_record(token=token), Ledger(), [], NOW + 600)
    assert status.token == TokenStatus(
        fingerprint=token.fingerprint,
        issued_at=NOW,
        expires_at=NOW + 3600,
        age=600,
        remaining=3000,
        scope="read",
        reason="cold",
        by="host:1",
        rejected=False,
    )
    assert "t0ps3cret" not in repr(status)


def test_a_token_that_expired_or_was_rejected() -> None:
    """It is still told of."""
    token = make_token()
    record = make_record(token=token, rejected=(token.fingerprint,))
    found = describe(record, Ledger(), [], NOW + 3700).token
    assert found
    assert (-100, True) == (found.remaining, found.rejected)


def test_who_mints_now() -> None:
    """By the lease."""
    record = make_record(lease=make_lease())
    assert make_lease() == describe(record, Ledger(), [], NOW).lease


@pytest.mark.parametrize(("now", "told"), [(NOW, True), (NOW + 59.9, True), (NOW + 60, False)])
def test_a_cool_down_is_told_while_it_lasts(now: float, *, told: bool) -> None:
    """After that it is of no interest."""
    cool_down = make_cool_down()
    status = describe(make_record(cool_down=cool_down), Ledger(), [], now)
    assert (cool_down if told else None) == status.cool_down


def test_how_the_budgets_stand() -> None:
    """Each for itself, with its forecast, and with the mints that were counted."""
    budgets = [MONTHLY, Budget(1, per=timedelta(hours=1))]
    ledger = ledger_with(*budgets)
    status = describe(Record(), ledger, budgets, NOW + 60)
    assert (
        BudgetStatus(1000, "month", 1, 999, utc(2023, 12, 1, 0, 5), Forecast(16, 999, None)),
        BudgetStatus(1, "1:00:00 (rolling)", 1, 0, NOW + 3960, Forecast(0, 0, None)),
    ) == status.budgets
    assert ledger.mints == status.mints


def test_a_limit_that_was_lowered() -> None:
    """More was used than is allowed now: nothing is left, not less than nothing."""
    (found,) = describe(
        Record(), replace(ledger_with(), counts=((int(NOW), 5),)), [Budget(3, per="day")], NOW
    ).budgets
    assert (5, 0) == (found.used, found.left)


def test_the_budget_of_the_others() -> None:
    """Who names none sees what holds for all."""
    (found,) = describe(Record(), ledger_with(MONTHLY), [], NOW).budgets
    assert (1000, "month", 1) == (found.limit, found.per, found.used)


def test_a_clock_that_stepped_back() -> None:
    """The count is that of the latest window that was seen."""
    ledger = ledger_with(MONTHLY)
    assert (
        describe(Record(), ledger, [MONTHLY], NOW).budgets
        == describe(Record(), ledger, [MONTHLY], NOW - 40 * 86_400).budgets
    )


@pytest.mark.asyncio
async def test_a_manager_tells_its_status() -> None:
    """What the store knows, also of other processes; its own numbers are in `stats`."""
    clock, store = ManualClock(NOW), MemoryStore()
    async with TokenManager(Handmade(), store=store, budget=MONTHLY, clock=clock) as tokens:
        token = await tokens.get()
    async with TokenManager(Handmade(), store=store, budget=MONTHLY, clock=clock) as other:
        clock.advance(60)
        status = await other.status()
        assert (0, 0) == (other.stats.minted, other.stats.waited)
    assert status.token
    assert (token.fingerprint, 60.0, "cold") == (
        status.token.fingerprint,
        status.token.age,
        status.token.reason,
    )
    assert ["minted"] == [mint.outcome for mint in status.mints]
    assert (1, 999) == (status.budgets[0].used, status.budgets[0].left)


@pytest.mark.asyncio
async def test_without_the_store_there_is_no_status() -> None:
    """It is an error like any other of the store."""
    store = Troubled()
    store.reads = [StoreError("away")]
    async with TokenManager(Handmade(), store=store) as tokens:
        with pytest.raises(StoreError, match="away"):
            await tokens.status()


@pytest.mark.asyncio
async def test_stats_are_a_copy() -> None:
    """Numbers that were taken down do not change, and cannot be changed from outside."""
    async with TokenManager(Handmade()) as tokens:
        before = tokens.stats
        await tokens.get()
        await tokens.get()
        tokens.stats.minted = 99
        assert (0, 0) == (before.minted, before.waited)
        assert (1, 0, 1, 0) == (
            tokens.stats.minted,
            tokens.stats.adopted,
            tokens.stats.waited,
            tokens.stats.failed,
        )
