"""How budgets stand."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

from mintonce.errors import utc
from mintonce.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetCounted(Event):
    """How a budget stands after a token request.

    Attributes:
        limit: Token requests that are allowed in a window.
        per: The window.
        name: The name of the budget, if it has one.
        used: Those that count now.
        left: Those that are still allowed.
        resets_at: When the window ends, or the next request is allowed, in Unix seconds.

    """

    level: ClassVar[int] = logging.DEBUG

    limit: int
    per: str
    name: str | None = None
    used: int
    left: int
    resets_at: float

    def __str__(self) -> str:
        return f"{self.used} of {self.limit} token requests per {self.per} are used"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLow(BudgetCounted):
    """The last tenth of a budget has begun: it is kept for those who have no token at all."""

    level: ClassVar[int] = logging.WARNING

    def __str__(self) -> str:
        return (
            f"the budget of {self.limit} token requests per {self.per} is almost spent:"
            f" {self.left} left until {utc(self.resets_at)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetAtRisk(Event):
    """If things go on as they do, a budget will be spent before its window ends.

    Attributes:
        limit: Token requests that are allowed in a window.
        per: The window.
        name: The name of the budget, if it has one.
        needed: Token requests that will be needed until the window ends.
        left: Those that are still allowed.
        runs_out_at: When the first one is needed that is not allowed, in Unix seconds.

    """

    level: ClassVar[int] = logging.WARNING

    limit: int
    per: str
    name: str | None = None
    needed: int
    left: int
    runs_out_at: float

    def __str__(self) -> str:
        return (
            f"the budget of {self.limit} token requests per {self.per} will not last:"
            f" {self.needed} needed, {self.left} left"
        )
