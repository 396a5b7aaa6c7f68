"""The count of mints: reserve before the request is sent, settle when its outcome is known.

Pure: each function takes the ledger as it is and returns what it should become. A reservation that
nobody settles stays counted, because a token may have been issued for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from mintonce.budget import LAST_DATE, Budget, Period, Usage, longest
from mintonce.budget import usage as budget_usage
from mintonce.counts import Counts, less, more
from mintonce.errors import BudgetExhausted, UsageError
from mintonce.record import Reason

Outcome = Literal["sent", "minted", "refused", "lost"]
"""What became of a request: ``sent`` is not known yet, and stays so if the process died."""

LAST = 50
"""Mints that are remembered one by one."""

_KEPT = 40 * 86_400.0  # seconds: a month and the edges of its window


@dataclass(frozen=True, slots=True)
class Mint:
    """One token request.

    Attributes:
        id: Unique to the request.
        key: The store key of the token that was asked for.
        at: When it was reserved, in Unix seconds, by the clock of who asked.
        reason: Why a token was needed.
        by: Host and process id.
        outcome: What became of it.
        lifetime: Seconds that the token lives, once there is one.
        filed_at: The same in the time of the ledger, which never goes back.

    """

    id: str
    key: str
    at: float
    reason: Reason
    by: str
    outcome: Outcome = "sent"
    lifetime: float | None = None
    filed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Quota:
    """What the authorization server said of its own count.

    Attributes:
        limit: The tokens that it allows in one window.
        remaining: Those that were left.
        resets_at: When its window ends, in Unix seconds.

    """

    limit: int
    remaining: int
    resets_at: float


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget, as the ledger keeps it.

    Attributes:
        requests: The token requests that are allowed in one window.
        period: The calendar window, or None.
        seconds: The length of a rolling window, or None.

    """

    requests: int
    period: Period | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        # Others write to the store too.
        if (self.period is None) == (self.seconds is None):
            raise ValueError("a limit is for a period or for a number of seconds")
        try:
            self.budget()
        except (UsageError, OverflowError):
            raise ValueError("a limit makes no sense") from None

    @classmethod
    def of(cls, budget: Budget) -> Limit:
        """Take down a budget."""
        if isinstance(budget.per, timedelta):
            return cls(budget.limit, seconds=budget.per.total_seconds())
        return cls(budget.limit, budget.per)

    def budget(self) -> Budget:
        """Return the budget that was taken down."""
        return Budget(self.requests, per=self.period or timedelta(seconds=self.seconds or 0))


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that was spent at one authorization server by one client.

    Attributes:
        latest: The latest time that was ever written here, in Unix seconds. Time does not go back
            behind it, so that a clock that steps back opens no closed window again.
        kept: Seconds for which counts are kept: the longest window that anybody asked for.
        counts: Unix seconds and the requests that count then, oldest first, in the time of the
            ledger.
        told: The same requests by the clocks of those who sent them.
        mints: The last mints, newest last.
        quotas: What the server said of its own count.
        limits: The budget that was named last, for those who share the store and name none.

    """

    latest: float = 0.0
    kept: float = _KEPT
    counts: Counts = ()
    told: Counts = ()
    mints: tuple[Mint, ...] = ()
    quotas: tuple[Quota, ...] = ()
    limits: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        # As above.
        counts = (*self.counts, *self.told)
        times = (self.latest, *(second for second, _ in counts))
        if not 0 <= min(times) <= max(times) < LAST_DATE:
            raise ValueError("a ledger has a time that no calendar can tell")
        if min((number for _, number in counts), default=0) < 0:
            raise ValueError("a ledger has a count below zero")


def in_force(ledger: Ledger, budgets: Sequence[Budget]) -> Sequence[Budget]:
    """Return the budgets to hold to: those that were given, or else those of the ledger.

    Otherwise the one script without a budget would spend that of all services on the store.
    """
    return budgets or [limit.budget() for limit in ledger.limits]


def check(ledger: Ledger, budgets: Sequence[Budget], reason: Reason, now: float) -> None:
    """Make sure that one more request is allowed at `now` (Unix seconds).

    Raises:
        BudgetExhausted: It is not.

    """
    budgets = in_force(ledger, budgets)
    # The time that this clock tells, and the latest that was ever told: a clock that steps back
    # opens no spent window again, on whichever side of the step it was spent.
    moments = {now, max(now, ledger.latest)}
    spent = [error for moment in moments for error in _spent(ledger, budgets, reason, moment)]
    if spent:
        raise max(spent, key=lambda error: error.resets_at)


def usage(ledger: Ledger, budget: Budget, now: float, *, allowed: int | None = None) -> Usage:
    """Count what was used of a budget at `now` (Unix seconds), as `mintonce.budget.usage` does.

    Whoever's clock is far behind the time of the ledger was set back, or somebody else's was ahead
    when that was written. Nobody knows which of them is right, so the larger count holds.
    """
    return max(
        budget_usage(budget, counts, now, allowed=allowed)
        for counts in (ledger.counts, ledger.told)
    )


def _spent(
    ledger: Ledger, budgets: Sequence[Budget], reason: Reason, now: float
) -> Iterator[BudgetExhausted]:
    for budget in budgets:
        spare = budget.reserve if reason in ("early", "rejected") else 0
        allowed = budget.limit - spare
        used, resets_at = usage(ledger, budget, now, allowed=allowed)
        if used >= allowed:
            yield BudgetExhausted.of(
                budget.period, limit=budget.limit, used=used, resets_at=resets_at, spare=spare
            )
    for quota in ledger.quotas if budgets else ():
        # A window that ends later than any month was told by a clock that was wrong.
        if quota.remaining <= 0 and now < quota.resets_at < now + _KEPT:
            yield BudgetExhausted.of(
                "window of the authorization server",
                limit=quota.limit,
                used=quota.limit,
                resets_at=quota.resets_at,
            )


def reserve(ledger: Ledger, budgets: Sequence[Budget], mint: Mint) -> Ledger | None:
    """Count `mint` before its request is sent.

    Raises:
        BudgetExhausted: It may not be sent.

    """
    if any(known.id == mint.id for known in ledger.mints):
        return None  # done already, by a swap whose answer was lost
    check(ledger, budgets, mint.reason, mint.at)
    mint = replace(mint, filed_at=max(mint.at, ledger.latest))
    mints = (*ledger.mints, mint)[-LAST:]
    kept = max([ledger.kept, *map(longest, in_force(ledger, budgets))])
    # One clock that is ahead must not make the others forget, so the earliest of many tells.
    earliest = min(known.at for known in mints)
    return replace(
        ledger,
        latest=mint.filed_at,
        kept=kept,
        counts=more(ledger.counts, mint.filed_at, now=mint.filed_at, kept=kept),
        told=more(ledger.told, mint.at, now=earliest, kept=kept),
        mints=mints,
        quotas=tuple(replace(q, remaining=q.remaining - 1) for q in ledger.quotas),
        limits=tuple(map(Limit.of, budgets)) or ledger.limits,
    )


def settle(
    ledger: Ledger,
    mint_id: str,
    outcome: Outcome,
    *,
    lifetime: float | None = None,
    quotas: tuple[Quota, ...] = (),
) -> Ledger | None:
    """Write down what became of a request; one that was refused for certain is not counted."""
    mint = next((known for known in ledger.mints if known.id == mint_id), None)
    if mint is None or mint.outcome != "sent":
        return None
    if outcome == "refused":
        ledger = replace(
            ledger,
            counts=less(ledger.counts, mint.filed_at),
            told=less(ledger.told, mint.at),
            quotas=tuple(replace(q, remaining=q.remaining + 1) for q in ledger.quotas),
        )
    settled = replace(mint, outcome=outcome, lifetime=lifetime)
    return replace(
        ledger,
        mints=tuple(settled if known is mint else known for known in ledger.mints),
        quotas=quotas or ledger.quotas,
    )
