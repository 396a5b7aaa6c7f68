"""What is known of a token and its budget: for people, and for `TokenManager.status`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mintonce.budget import Budget
from mintonce.forecast import Forecast, forecast
from mintonce.ledger import Ledger, Mint
from mintonce.record import CoolDown, Lease, Reason, Record
from mintonce.spending import in_force, usage


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """The newest token of the fleet, without the token itself.

    Attributes:
        fingerprint: A short hash that tells it apart.
        issued_at: Unix seconds.
        expires_at: Unix seconds.
        age: Seconds since it was asked for.
        remaining: Seconds of life left; negative once it has expired.
        scope: What was granted, where the server says so.
        reason: Why it was minted.
        by: Who minted it: host and process id.
        rejected: Whether the API rejected it.

    """

    fingerprint: str
    issued_at: float
    expires_at: float
    age: float
    remaining: float
    scope: str | None
    reason: Reason | None
    by: str | None
    rejected: bool


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """How one budget stands.

    Attributes:
        limit: Token requests that are allowed in a window.
        per: The window.
        used: Those that count now.
        left: Those that are still allowed.
        resets_at: When the window ends, or the next request is allowed, in Unix seconds.
        forecast: Whether it will last; None if no lifetime was seen yet.

    """

    limit: int
    per: str
    used: int
    left: int
    resets_at: float
    forecast: Forecast | None


@dataclass(frozen=True, slots=True)
class Status:
    """All that the store knows.

    Attributes:
        token: The newest token, if there was one.
        lease: Who mints at this moment.
        cool_down: Until when nobody does, and why.
        budgets: How each budget stands.
        mints: The last token requests, newest last: when, why, by whom and how each ended.

    """

    token: TokenStatus | None
    lease: Lease | None
    cool_down: CoolDown | None
    budgets: tuple[BudgetStatus, ...]
    mints: tuple[Mint, ...]


def describe(record: Record, ledger: Ledger, budgets: Sequence[Budget], now: float) -> Status:
    """Put together what is known at `now` (Unix seconds)."""
    cool_down = record.cool_down
    return Status(
        token=_token(record, now),
        lease=record.lease,
        cool_down=cool_down if cool_down and now < cool_down.until else None,
        budgets=tuple(_budget(ledger, budget, now) for budget in in_force(ledger, budgets)),
        mints=ledger.mints,
    )


def _token(record: Record, now: float) -> TokenStatus | None:
    token = record.token
    if token is None:
        return None
    return TokenStatus(
        fingerprint=token.fingerprint,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        age=now - token.issued_at,
        remaining=token.remaining(now),
        scope=token.scope,
        reason=record.reason,
        by=record.by,
        rejected=token.fingerprint in record.rejected,
    )


def _budget(ledger: Ledger, budget: Budget, now: float) -> BudgetStatus:
    used, resets_at = usage(ledger, budget, max(now, ledger.latest))
    return BudgetStatus(
        limit=budget.limit,
        per=budget.period,
        used=used,
        left=max(budget.limit - used, 0),
        resets_at=resets_at,
        forecast=forecast(ledger, budget, now),
    )
