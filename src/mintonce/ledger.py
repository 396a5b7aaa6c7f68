"""What a store keeps of the mints of one client: the counts, the last of them, and the limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from mintonce.budget import LAST_DATE, Budget, Period
from mintonce.counts import Counts
from mintonce.errors import UsageError
from mintonce.record import Reason

Outcome = Literal["sent", "minted", "refused", "lost"]
"""What became of a request: ``sent`` is not known yet, and stays so if the process died."""

MONTH_KEPT = 40 * 86_400.0
"""Seconds for which counts are kept at least: a month and the edges of its window."""


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
    kept: float = MONTH_KEPT
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
