"""What may be spent: reserve before the request is sent, settle when its outcome is known.

Pure: each function takes the ledger as it is and returns what it should become. A reservation that
nobody settles stays counted, because a token may have been issued for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mintonce.budget import Budget, Usage, longest
from mintonce.budget import usage as budget_usage
from mintonce.counts import less, more
from mintonce.errors import BudgetExhausted
from mintonce.ledger import MONTH_KEPT, Ledger, Limit, Mint, Outcome, Quota
from mintonce.record import Reason

LAST = 50
"""Mints that are remembered one by one."""

_UNDER_WAY = 60.0  # seconds: longer than from any reservation to its end
_MOST = 1_000  # mints that are under way: more are not worth the space


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
        if quota.remaining <= 0 and now < quota.resets_at < now + MONTH_KEPT:
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
    mints = _remembered((*ledger.mints, mint), mint.at)
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


def _remembered(mints: tuple[Mint, ...], now: float) -> tuple[Mint, ...]:
    """Keep the last ones, and those that may be under way: what is refused is given back."""
    older = (
        mint for mint in mints[:-LAST] if mint.outcome == "sent" and abs(now - mint.at) < _UNDER_WAY
    )
    return (*older, *mints[-LAST:])[-_MOST:]


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
    # Judged as it is told: what lies too far ahead to be true comes nearer day by day.
    quotas = tuple(quota for quota in quotas if quota.resets_at < mint.at + MONTH_KEPT)
    settled = replace(mint, outcome=outcome, lifetime=lifetime)
    return replace(
        ledger,
        mints=tuple(settled if known is mint else known for known in ledger.mints),
        quotas=quotas or ledger.quotas,
    )
