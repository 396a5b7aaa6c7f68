"""Will the budget last? Told from the lifetimes that were seen."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import NamedTuple

from mintonce.budget import Budget, seconds_ahead
from mintonce.ledger import Ledger
from mintonce.spending import usage


class Forecast(NamedTuple):
    """What a budget will have to bear if the service goes on as it does.

    Attributes:
        needed: Token requests until the window ends.
        left: Those that the budget still allows.
        runs_out_at: When one will be needed that it does not allow, in Unix seconds; None if it
            lasts.

    """

    needed: int
    left: int
    runs_out_at: float | None


class _InUse(NamedTuple):
    expires_at: float
    lifetime: float


def forecast(ledger: Ledger, budget: Budget, now: float) -> Forecast | None:
    """Compare what is left with what the tokens in use need; None if no lifetime was seen."""
    now = max(now, ledger.latest)
    tokens = _in_use(ledger, now)
    if not tokens:
        return None
    end = now + seconds_ahead(budget, now)
    needed = sum(math.ceil(max(end - expires_at, 0.0) / life) for expires_at, life in tokens)
    left = max(budget.limit - usage(ledger, budget, now).used, 0)
    # A rolling window makes room again at the pace at which it was filled.
    enough = budget.limit if isinstance(budget.per, timedelta) else left
    return Forecast(needed, left, min(_spent_at(tokens, left), end) if needed > enough else None)


def _in_use(ledger: Ledger, now: float) -> list[_InUse]:
    newest = {mint.key: (mint.at, mint.lifetime) for mint in ledger.mints if mint.lifetime}
    return [
        # What others wrote into the store may be no time at all.
        _InUse(max(at + lifetime, now), max(lifetime, 1.0))
        for at, lifetime in newest.values()
        # A token that nobody renewed for a whole lifetime is not in use.
        if lifetime and now < at + 2 * lifetime
    ]


def _spent_at(tokens: list[_InUse], left: int) -> float:
    """Return when one request more than `left` is needed, as if they came at an even pace."""
    rate = sum(1 / life for _, life in tokens)
    return (left + sum(expires_at / life for expires_at, life in tokens)) / rate
