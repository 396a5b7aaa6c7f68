"""The ledger: what is reserved, what became of it, and what it remembers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from making import NOW, make_mint, utc
from mintonce import Budget, BudgetExhausted
from mintonce.ledger import Ledger, Mint, Outcome, Quota
from mintonce.spending import LAST, check, in_force, reserve, settle

MONTHLY, DAILY = Budget(10, per="month"), Budget(100, per="day")
YEARLY = Budget(1000, per=timedelta(days=365))
DAY = 86_400.0


def reserved(ledger: Ledger, *mints: Mint, budgets: tuple[Budget, ...] = (MONTHLY,)) -> Ledger:
    """The ledger after these were reserved, one after another."""
    for mint in mints:
        changed = reserve(ledger, budgets, mint)
        assert changed is not None
        ledger = changed
    return ledger


def settled(
    ledger: Ledger, number: int, outcome: Outcome, quotas: tuple[Quota, ...] = ()
) -> Ledger:
    """The ledger after the outcome of a mint became known."""
    changed = settle(ledger, f"mint-{number}", outcome, quotas=quotas)
    assert changed is not None
    return changed


def counted(ledger: Ledger) -> int:
    """All requests that count."""
    return sum(number for _, number in ledger.counts)


def full(*, at: float = NOW, mints: int = 10) -> Ledger:
    """A ledger with so many mints, a second apart."""
    return reserved(Ledger(), *(make_mint(number, at=at + number) for number in range(mints)))


def test_a_reservation_is_counted_and_remembered() -> None:
    """Before anything is sent."""
    ledger = reserved(Ledger(), make_mint(1, at=NOW + 0.5))
    assert ((int(NOW) + 1, 1),) == ledger.counts
    assert (make_mint(1, at=NOW + 0.5, filed_at=NOW + 0.5),) == ledger.mints
    assert NOW + 0.5 == ledger.latest


def test_two_in_one_second_are_two() -> None:
    """Counts are added up, not replaced."""
    ledger = reserved(Ledger(), make_mint(1), make_mint(2))
    assert ((int(NOW), 2),) == ledger.counts


def test_a_reservation_is_made_once() -> None:
    """The answer to the swap was lost, so it is tried again: the request counts once."""
    ledger = reserved(Ledger(), make_mint(1))
    assert reserve(ledger, [MONTHLY], make_mint(1)) is None


def test_a_reservation_that_filled_the_budget_is_known_again() -> None:
    """Tried again after a lost answer, the last one that was allowed is not refused."""
    assert reserve(full(), [MONTHLY], make_mint(9, at=NOW + 60)) is None


def test_nothing_is_reserved_beyond_the_limit() -> None:
    """The error says which budget, how much of it was used, and when the next one is allowed."""
    with pytest.raises(BudgetExhausted, match=r"10 token requests per month is spent \(10 us") as e:
        reserve(full(), [MONTHLY], make_mint(10, at=NOW + 60))
    assert (10, 10, utc(2023, 12, 1, 0, 5)) == (e.value.limit, e.value.used, e.value.resets_at)
    assert "the next one is allowed at 2023-12-01T00:05:00Z" in str(e.value)


def test_without_a_budget_everything_is_counted_and_nothing_refused() -> None:
    """The count is there when a budget comes."""
    ledger = reserved(Ledger(), *(make_mint(n, at=NOW + n) for n in range(20)), budgets=())
    assert 20 == counted(ledger)
    check(replace(ledger, quotas=(Quota(1, 0, NOW + 600),)), [], "cold", NOW + 60)
    with pytest.raises(BudgetExhausted, match=r"\(20 used\)"):
        check(ledger, [MONTHLY], "cold", NOW + 60)


def test_who_names_no_budget_is_held_to_that_of_the_others() -> None:
    """One script without it must not spend what all services on the store live on."""
    rolling = Budget(5, per=timedelta(hours=2))
    ledger = reserved(Ledger(), make_mint(1), budgets=(MONTHLY, rolling))
    assert [MONTHLY, rolling] == in_force(ledger, [])
    assert [DAILY] == in_force(ledger, [DAILY])
    with pytest.raises(BudgetExhausted, match="5 token requests per 2:00:00"):
        reserved(ledger, *(make_mint(n, at=NOW + n) for n in range(2, 9)), budgets=())
    assert [DAILY] == in_force(reserved(ledger, make_mint(2), budgets=(DAILY,)), [])


@pytest.mark.parametrize("reason", ["early", "rejected"])
def test_a_reserve_is_left_to_those_who_have_no_token(reason: str) -> None:
    """Renewals that could wait stop at nine of ten; who has no token may take the last one."""
    ledger, last = full(mints=9), make_mint(9, at=NOW + 60)
    with pytest.raises(BudgetExhausted, match=r"\(9 used, 1 kept for those who have no token\)"):
        reserve(ledger, [MONTHLY], make_mint(9, at=NOW + 60, reason=reason))
    assert 10 == counted(reserved(ledger, last))
    assert 10 == counted(reserved(ledger, replace(last, reason="expired")))


def test_a_budget_of_one_serves_a_renewal_after_a_rejection() -> None:
    """Its reserve is nothing: otherwise a rejected token could never be replaced."""
    assert 1 == counted(
        reserved(Ledger(), make_mint(reason="rejected"), budgets=(Budget(1, per="day"),))
    )


def test_of_several_spent_budgets_the_last_to_reset_is_told() -> None:
    """At that moment a request really is allowed."""
    hourly, daily = Budget(2, per="hour"), Budget(3, per="day")
    ledger = full(mints=3)
    for budgets in ([hourly, daily], [daily, hourly]):
        with pytest.raises(BudgetExhausted) as e:
            check(ledger, budgets, "cold", NOW + 60)
        assert utc(2023, 11, 15, 0, 5) == e.value.resets_at
        check(ledger, budgets, "cold", e.value.resets_at)


def test_a_refusal_is_given_back() -> None:
    """No token was issued, so there is room for another request."""
    ledger = settled(full(), 3, "refused")
    assert (9, "refused") == (counted(ledger), ledger.mints[3].outcome)
    check(ledger, [MONTHLY], "cold", NOW + 60)


@pytest.mark.parametrize("outcome", ["minted", "lost"])
def test_what_may_have_issued_a_token_stays_counted(outcome: Outcome) -> None:
    """An answer that never came is no proof that there is no token."""
    ledger = settled(full(), 3, outcome)
    assert (10, outcome) == (counted(ledger), ledger.mints[3].outcome)


def test_a_mint_is_settled_once() -> None:
    """A second refund of the same request would be a gift."""
    ledger = settled(full(), 3, "refused")
    assert settle(ledger, "mint-3", "refused") is None
    assert settle(settled(full(), 3, "minted"), "mint-3", "refused") is None


def test_a_refund_takes_one_of_those_that_fell_in_the_same_second() -> None:
    """The other one stays."""
    ledger = reserved(Ledger(), make_mint(1), make_mint(2), make_mint(3, at=NOW + 1))
    assert ((int(NOW), 1), (int(NOW) + 1, 1)) == settled(ledger, 1, "refused").counts
    assert ((int(NOW), 2),) == settled(ledger, 3, "refused").counts


def test_what_is_not_remembered_any_more_cannot_be_settled() -> None:
    """It stays counted."""
    assert settle(full(), "mint-unknown", "refused") is None


def test_a_mint_remembers_how_long_its_token_lives() -> None:
    """The forecast needs to know."""
    changed = settle(full(), "mint-9", "minted", lifetime=7200.0)
    assert changed is not None
    assert 7200.0 == changed.mints[9].lifetime


def test_the_last_fifty_are_remembered_and_all_are_counted() -> None:
    """The newest is the last."""
    many = [make_mint(number, at=NOW + 60 * number) for number in range(LAST + 7)]
    ledger = reserved(Ledger(), *many, budgets=())
    assert many[7:] == [replace(mint, filed_at=0.0) for mint in ledger.mints]
    assert LAST + 7 == counted(ledger)


def test_after_an_hour_counts_are_kept_by_five_minutes() -> None:
    """Rounded up to later, so that none leaves a window before its time, and none is lost."""
    ledger = full(at=utc(2023, 11, 14, 12, 4, 55))
    ledger = reserved(ledger, make_mint(10, at=utc(2023, 11, 14, 14)), budgets=(YEARLY,))
    five_past, ten_past = int(utc(2023, 11, 14, 12, 5)), int(utc(2023, 11, 14, 12, 10))
    assert ((five_past, 6), (ten_past, 4), (int(utc(2023, 11, 14, 14)), 1)) == ledger.counts


def test_what_was_folded_is_not_given_back() -> None:
    """Nobody knows any more which request it was; counting it too long breaks no budget."""
    ledger = reserved(Ledger(), make_mint(1), make_mint(2, at=NOW + 4000))
    assert 2 == counted(settled(ledger, 1, "refused"))


@pytest.mark.parametrize(("days", "left"), [(31, 2), (39, 2), (41, 1)])
def test_counts_are_kept_for_longer_than_a_month(days: int, left: int) -> None:
    """What no window can reach is dropped."""
    assert left == counted(reserved(Ledger(), make_mint(1), make_mint(2, at=NOW + days * DAY)))


def test_counts_are_kept_for_the_longest_window_that_anybody_asked_for() -> None:
    """Also by those who know only of a shorter one."""
    ledger = reserved(Ledger(), make_mint(1), budgets=(YEARLY,))
    ledger = reserved(ledger, make_mint(2, at=NOW + 300 * DAY))
    assert 2 == counted(ledger)
    assert 2 == counted(reserved(ledger, make_mint(3, at=NOW + 366.5 * DAY)))


def quotas(remaining: int, *, resets_at: float = NOW + 600) -> Ledger:
    """A ledger to which the server said that so many of 100 are left."""
    told = (Quota(100, remaining, resets_at),)
    return settled(reserved(Ledger(), make_mint(1)), 1, "minted", quotas=told)


def test_the_count_of_the_server_counts_where_it_is_stricter() -> None:
    """Ours would allow nine more; the server, which counts others too, allows one."""
    ledger = reserved(quotas(1), make_mint(2, at=NOW + 1))
    with pytest.raises(BudgetExhausted, match="100 token requests per window of the auth") as e:
        check(ledger, [MONTHLY], "cold", NOW + 2)
    assert (100, 100, NOW + 600) == (e.value.limit, e.value.used, e.value.resets_at)


def test_our_own_count_counts_where_it_is_stricter() -> None:
    """The server would allow fifty more."""
    ledger = replace(full(), quotas=(Quota(100, 50, NOW + 600),))
    with pytest.raises(BudgetExhausted, match="10 token requests per month"):
        check(ledger, [MONTHLY], "cold", NOW + 60)


def test_the_count_of_the_server_ends_with_its_window() -> None:
    """After that it counts anew, and will tell."""
    check(quotas(0), [MONTHLY], "cold", NOW + 600)


def test_the_server_told_of_a_window_that_never_ends() -> None:
    """A reset that is further away than any month is not believed, and not later either."""
    for now in (NOW + 1, NOW + 114 * DAY):
        check(quotas(0, resets_at=NOW + 115 * DAY), [MONTHLY], "cold", now)


def test_what_the_server_refused_it_does_not_count() -> None:
    """Refusals give back what they took from the server's count, too."""
    ledger = quotas(1)
    for number in range(2, 6):
        ledger = settled(reserved(ledger, make_mint(number, at=NOW + number)), number, "refused")
    assert (Quota(100, 1, NOW + 600),) == ledger.quotas


def test_a_newer_word_of_the_server_replaces_the_older() -> None:
    """An answer without one leaves it as it is."""
    ledger = reserved(quotas(5), make_mint(2, at=NOW + 1), make_mint(3, at=NOW + 2))
    told = (Quota(100, 80, NOW + 900),)
    assert told == settled(ledger, 2, "minted", quotas=told).quotas
    assert (Quota(100, 3, NOW + 600),) == settled(ledger, 3, "minted").quotas
