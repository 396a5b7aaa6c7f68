"""How many token requests may be sent, and in which windows they are counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, get_args

from mintonce.errors import UsageError

Period = Literal["hour", "day", "month"]
"""A calendar window, in UTC."""

EDGE = 300.0
"""Seconds around the edge of a window within which a request counts on both sides of it, because
the authorization server's clock may be on the other side."""

_LARGEST = 10**9  # token requests: who allows more does not count them

LAST_DATE = datetime(9999, 11, 1, tzinfo=UTC).timestamp()
"""Unix seconds of the last moment that is told from later ones: calendars end soon after."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `limit` token requests in any one window.

    Several budgets may apply at once: pass a sequence of them. Early renewal and renewal after a
    rejection leave the last tenth to those that have no token at all.

    Attributes:
        limit: The token requests that are allowed in one window.
        per: A calendar window in UTC (``"hour"``, ``"day"`` or ``"month"``), or the length of a
            rolling window.
        name: Requests are counted per token URL and client id. Give a name (``[a-z0-9-]``) where
            the server counts several clients together, such as a tenant; all that use this name
            on one store count together.

    Raises:
        UsageError: One of them makes no sense.

    """

    limit: int
    per: Period | timedelta = field(kw_only=True)
    name: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if type(self.limit) is not int or not 1 <= self.limit <= _LARGEST:
            raise UsageError(
                f"Budget: limit must be a whole number from 1 to {_LARGEST}, not {self.limit!r:.40}"
            )
        if not isinstance(self.per, timedelta) and self.per not in get_args(Period):
            raise UsageError(
                f"Budget: per must be 'hour', 'day', 'month' or a timedelta, not {self.per!r}"
            )
        if isinstance(self.per, timedelta) and self.per < timedelta(seconds=1):
            raise UsageError("Budget: a rolling window must be a second long at least")
        if self.name is not None and not re.fullmatch("[a-z0-9-]{1,64}", self.name):
            raise UsageError("Budget: name must be 1 to 64 characters of [a-z0-9-]")

    @property
    def reserve(self) -> int:
        """Token requests that are left to those who have no token: a tenth, but never all."""
        return min(-(-self.limit // 10), self.limit - 1)

    @property
    def period(self) -> str:
        """The window, for people."""
        return self.per if isinstance(self.per, str) else f"{self.per} (rolling)"


class Usage(NamedTuple):
    """How a budget stands.

    Attributes:
        used: The token requests that count now.
        resets_at: When the count will allow for another request, or the window ends, in Unix
            seconds.

    """

    used: int
    resets_at: float


class _Window(NamedTuple):
    start: float
    end: float


def usage(
    budget: Budget, counts: Iterable[tuple[int, int]], now: float, *, allowed: int | None = None
) -> Usage:
    """Count what was used at `now` (Unix seconds).

    `allowed` is the number of requests at which the budget counts as spent, its limit unless
    given.
    """
    allowed = budget.limit if allowed is None else allowed
    if isinstance(budget.per, timedelta):
        return _rolling(budget.per.total_seconds(), counts, now, allowed)
    counts = tuple(counts)
    used = {window: _within(window, counts) for window in _windows(budget.per, now)}
    spent = [window.end for window, number in used.items() if number >= allowed]
    return Usage(max(used.values()), max(spent) if spent else min(window.end for window in used))


def ledger_name(budgets: Sequence[Budget]) -> str | None:
    """Return the name of the ledger that `budgets` are counted in, if they give it one.

    Raises:
        UsageError: They give it several.

    """
    names = {budget.name for budget in budgets if budget.name}
    if len(names) > 1:
        raise UsageError(f"one manager counts in one ledger, not in several: {sorted(names)}")
    return f"ledger-{names.pop()}" if names else None


def longest(budget: Budget) -> float:
    """Seconds for which a request may count."""
    if isinstance(budget.per, timedelta):
        return budget.per.total_seconds() + 2 * EDGE
    return 31 * 86_400 + 2 * EDGE


def calendar_window(per: Period, now: float) -> tuple[float, float]:
    """Return the start and the end of the UTC hour, day or month that holds `now`."""
    start = datetime.fromtimestamp(min(now, LAST_DATE), UTC).replace(
        minute=0, second=0, microsecond=0
    )
    if per == "hour":
        return start.timestamp(), (start + timedelta(hours=1)).timestamp()
    start = start.replace(hour=0)
    if per == "day":
        return start.timestamp(), (start + timedelta(days=1)).timestamp()
    start = start.replace(day=1)
    # 32 days after the first is in the next month, whatever the month.
    return start.timestamp(), (start + timedelta(days=32)).replace(day=1).timestamp()


def _windows(per: Period, now: float) -> set[_Window]:
    """Return the windows that a request at `now` may fall into by the server's clock, widened."""
    found = {calendar_window(per, now + shift) for shift in (-EDGE, 0.0, EDGE)}
    return {_Window(start - EDGE, end + EDGE) for start, end in found}


def _within(window: _Window, counts: Iterable[tuple[int, int]]) -> int:
    # A count at the very end was rounded up to there, and may belong to the second before it.
    return sum(number for second, number in counts if window.start <= second <= window.end)


def _rolling(length: float, counts: Iterable[tuple[int, int]], now: float, allowed: int) -> Usage:
    # Of two requests, one may be told by a clock that is ahead, the other by one that is behind.
    length += min(2 * EDGE, length / 10)
    live = sorted((second, number) for second, number in counts if second > now - length)
    used = left = sum(number for _, number in live)
    resets_at = now
    for second, number in live:
        if left < allowed:
            break
        left, resets_at = left - number, second + length
    return Usage(used, resets_at)


def seconds_ahead(budget: Budget, now: float) -> float:
    """Return the seconds from `now` to the end of the window, or the length of a rolling one."""
    if isinstance(budget.per, timedelta):
        return budget.per.total_seconds()
    return calendar_window(budget.per, now)[1] - now
