"""G2: clocks that differ and clocks that step never let a window hold more than its limit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from making import NOW, make_mint, utc
from mintonce import Budget, BudgetExhausted
from mintonce.budget import EDGE, calendar_window, usage
from mintonce.ledger import Ledger
from mintonce.spending import check, reserve, settle

HOURLY, DAILY, MONTHLY = Budget(2, per="hour"), Budget(2, per="day"), Budget(5, per="month")
ROLLING = Budget(1, per=timedelta(hours=2))
BEHIND, AHEAD = 0.1 - EDGE, EDGE - 0.1  # seconds that a clock may be off

Does = Literal["mint", "refuse"]


@dataclass
class Fleet:
    """Processes whose clocks differ, the ledger that they share, and what the server counts."""

    budgets: list[Budget]
    ledger: Ledger = field(default_factory=Ledger)
    sent: dict[str, float] = field(default_factory=dict)  # by the clock of the server
    refused: int = 0

    def mint(self, server: float, clock: float) -> bool:
        """Send a request, if the ledger allows it at this time of the process."""
        mint = make_mint(len(self.sent) + self.refused, at=clock)
        try:
            ledger = reserve(self.ledger, self.budgets, mint)
        except BudgetExhausted:
            return False
        assert ledger is not None
        self.ledger = ledger
        self.sent[mint.id] = server
        return True

    def refuse(self) -> None:
        """The server says that it issued no token for the last request."""
        name = next(reversed(self.sent), "")
        if ledger := settle(self.ledger, name, "refused"):
            self.ledger = ledger
            del self.sent[name]
            self.refused += 1

    def most(self, budget: Budget) -> int:
        """The most that the server ever counted in a window."""
        times = sorted(self.sent.values())
        if isinstance(budget.per, timedelta):
            length = budget.per.total_seconds()
            return max((sum(t <= u < t + length for u in times) for t in times), default=0)
        windows = Counter(calendar_window(budget.per, t) for t in times)
        return max(windows.values(), default=0)


# Most mistakes hide at the edge of a window, and where a clock is off as far as it may be.
passes = st.one_of(st.sampled_from([0.0, 0.5, 7199.0]), st.floats(0, 9000), st.floats(0, 4e6))
around = st.none() | st.sampled_from([-0.2, 0.0]) | st.floats(-400, 400)
differs = st.sampled_from([BEHIND, AHEAD]) | st.floats(BEHIND, AHEAD)
does = st.sampled_from(["mint", "mint", "mint", "refuse"])


@pytest.mark.parametrize(
    "budgets",
    [[HOURLY], [DAILY], [MONTHLY], [ROLLING], [HOURLY, DAILY, MONTHLY, ROLLING]],
    ids=["hour", "day", "month", "rolling", "all"],
)
@given(
    start=st.sampled_from([utc(2027, 12, 31, 23, 54), utc(2028, 2, 29, 23, 0), NOW]),
    steps=st.lists(st.tuples(passes, around, differs, does), max_size=30),
)
@example(start=NOW, steps=[(0.0, None, BEHIND, "mint"), (7199.0, None, AHEAD, "mint")])
@example(
    start=NOW,
    steps=[(0.0, None, 0.0, "mint"), (0.0, -0.2, AHEAD, "mint"), (0.0, None, AHEAD, "mint")],
)
def test_no_window_of_the_server_holds_more_than_the_limit(
    budgets: list[Budget], start: float, steps: list[tuple[float, float | None, float, Does]]
) -> None:
    """Whatever the clocks of the processes say, as long as they are off by less than 5 min."""
    fleet, server = Fleet(budgets), start
    for passed, around_the_hour, off, what in steps:
        later = server + passed
        if around_the_hour is not None:
            later = calendar_window("hour", later)[1] + around_the_hour
        server = max(server, later)
        if what == "mint":
            fleet.mint(server, server + off)
        else:
            fleet.refuse()
    assert [] == [budget for budget in budgets if fleet.most(budget) > budget.limit]


anywhen = st.floats(NOW - 70 * 86_400, NOW + 70 * 86_400)


@given(nows=st.lists(anywhen, max_size=30))
def test_whatever_a_clock_says_no_window_counts_beyond_its_limit(nows: list[float]) -> None:
    """Steps of days and months, to and fro: time in the ledger only goes forward."""
    fleet, latest = Fleet([DAILY]), 0.0
    for now in nows:
        fleet.mint(now, now)
        assert fleet.ledger.latest >= latest
        latest = fleet.ledger.latest
        assert usage(DAILY, fleet.ledger.counts, latest).used <= DAILY.limit
        assert usage(DAILY, fleet.ledger.counts, now).used <= DAILY.limit


@given(nows=st.lists(anywhen, max_size=20), later=anywhen)
def test_a_spent_window_stays_spent(nows: list[float], later: float) -> None:
    """Wherever a clock steps to meanwhile, back in the window there still is nothing left."""
    fleet = Fleet([MONTHLY])
    for _ in range(MONTHLY.limit):
        assert fleet.mint(NOW, NOW)
    # Within the five weeks for which counts are kept for certain.
    for now in (now for now in [*nows, later] if now < NOW + 35 * 86_400):
        fleet.mint(now, now)
        with pytest.raises(BudgetExhausted):
            check(fleet.ledger, [MONTHLY], "cold", NOW)


@given(
    budget=st.sampled_from([HOURLY, DAILY, MONTHLY, ROLLING, Budget(2, per=timedelta(seconds=7))]),
    waits=st.lists(st.floats(0, 1e6), min_size=1, max_size=12),
    early=st.booleans(),
)
def test_the_reset_is_the_first_moment_at_which_a_request_is_allowed(
    budget: Budget, waits: list[float], *, early: bool
) -> None:
    """Then it is, and a moment before it is not."""
    fleet, now = Fleet([budget]), NOW
    reason: Literal["early", "cold"] = "early" if early else "cold"
    for wait in waits:
        now += wait
        while fleet.mint(now, now):
            pass
        with pytest.raises(BudgetExhausted) as spent:
            check(fleet.ledger, [budget], reason, now)
        resets_at = spent.value.resets_at
        check(fleet.ledger, [budget], reason, resets_at)
        with pytest.raises(BudgetExhausted):
            check(fleet.ledger, [budget], reason, resets_at - 1e-3)


def test_stepping_back_over_the_end_of_a_month_refills_neither() -> None:
    """January has begun, and a clock steps back: December stays spent."""
    december, january = utc(2027, 12, 31, 12), utc(2028, 1, 1, 12)
    fleet = Fleet([MONTHLY])
    assert [True] * 5 + [False] == [fleet.mint(december, december) for _ in range(6)]
    assert [True] * 2 == [fleet.mint(january, january) for _ in range(2)]
    assert not fleet.mint(december, december)
    assert [True] * 3 + [False] == [fleet.mint(january, january) for _ in range(4)]


def test_a_clock_that_is_late_counts_in_the_month_that_has_begun() -> None:
    """A host that is a day late takes its requests out of January, as the server does."""
    december, january = utc(2027, 12, 31, 12), utc(2028, 1, 1, 12)
    fleet = Fleet([MONTHLY])
    assert [True] * 2 == [fleet.mint(january, january) for _ in range(2)]
    assert [True] * 3 + [False] == [fleet.mint(january, december) for _ in range(4)]
    assert not fleet.mint(january, january)


def test_a_clock_that_was_early_for_a_while_refills_nothing() -> None:
    """One host took it for January already; it is December again, and December is spent."""
    december, january = utc(2027, 12, 20), utc(2028, 1, 2)
    fleet = Fleet([MONTHLY])
    assert all(fleet.mint(december, december) for _ in range(5))
    assert fleet.mint(december, january)
    assert not fleet.mint(december, december)


@pytest.mark.parametrize("jump", [3000.0, 120 * 86_400.0])
def test_one_clock_that_was_ahead_hides_no_request(jump: float) -> None:
    """The others go on counting in the window that they are in; it is full when it is full."""
    start = utc(2027, 6, 15, 10, 20)
    fleet = Fleet([Budget(10, per="hour")])
    sent = [fleet.mint(start + second, start + second) for second in range(9)]
    fleet.mint(start + 10, start + 10 + jump)
    later = [fleet.mint(start + 20 + second, start + 20 + second) for second in range(20)]
    assert 9 == sum(sent)
    # The request of the clock that was wrong is counted where nobody else can see it.
    assert 1 == sum(later)


def test_a_refusal_is_given_back_in_both_times() -> None:
    """Otherwise the budget would shrink with each."""
    start = utc(2027, 6, 15, 10, 20)
    fleet = Fleet([Budget(10, per="hour")])
    fleet.mint(start, start + 1800)
    for second in range(30):
        assert fleet.mint(start + second, start + second)
        fleet.refuse()


def test_old_requests_are_forgotten_by_every_clock() -> None:
    """The ledger stays small, whatever the clocks say."""
    ledger = Ledger()
    for number in range(400):
        mint = make_mint(number, at=NOW + number * 86_400.0)
        ledger = reserve(ledger, [], mint) or ledger
    assert len(ledger.counts) <= 42
    assert len(ledger.told) <= 42 + 50
