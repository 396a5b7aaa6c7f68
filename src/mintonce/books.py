"""Keeps the ledger of one client in the store: what may be spent, and what was."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from mintonce import spending
from mintonce.budget import Budget
from mintonce.cell import Cell
from mintonce.errors import StoreError
from mintonce.forecast import forecast
from mintonce.ledger import Ledger, Mint, Outcome, Quota
from mintonce.record import Reason
from mintonce.stores.protocol import TokenStore

logger: logging.Logger = logging.getLogger("mintonce")

_TTL = 70 * 86_400.0  # seconds: two months and the edges of their windows


class Books:
    """The ledger, counted for everybody who shares the store, with a budget or without.

    Args:
        store: Where it is kept.
        key: The name of the ledger.
        budgets: What must not be exceeded; none: what others who share the ledger named.
        writer: Unique to this writer.

    """

    def __init__(
        self, store: TokenStore, key: str, budgets: Sequence[Budget], *, writer: str
    ) -> None:
        self._budgets = budgets
        self.cell: Cell[Ledger] = Cell(
            store,
            key,
            Ledger,
            writer=writer,
            ttl=lambda books: max(_TTL, books.kept),
            precious=True,
        )

    async def check(self, reason: Reason, now: float) -> None:
        """Make sure that there is something left.

        Raises:
            BudgetExhausted: There is not.
            StoreError: There is a budget, and the ledger cannot be read.

        """
        try:
            seen = await self.cell.read()
        except StoreError:
            if self._budgets:
                raise
        else:
            spending.check(seen.value, self._budgets, reason, now)

    async def reserve(self, mint: Mint) -> None:
        """Count one request, before it is sent.

        Raises:
            BudgetExhausted: It may not be sent.
            StoreError: There is a budget, and the ledger cannot be read or written.

        """
        try:
            await self.cell.update(lambda books: spending.reserve(books, self._budgets, mint))
        except StoreError as error:
            if self._budgets:
                raise
            # There is no budget to break. Better a token that is shared and not counted than one
            # for each process.
            logger.warning("a token request is not in the ledger: %s", error)

    async def settle(
        self,
        mint: Mint,
        outcome: Outcome,
        *,
        lifetime: float | None = None,
        quotas: tuple[Quota, ...] = (),
    ) -> None:
        """Write down what became of a request. If that fails it stays counted, which is safe."""
        try:
            seen = await self.cell.update(
                lambda books: spending.settle(
                    books, mint.id, outcome, lifetime=lifetime, quotas=quotas
                )
            )
        except StoreError as error:
            logger.warning("a token request stays in the ledger as it is: %s", error)
        else:
            self._warn(seen.value, mint.at)

    def _warn(self, books: Ledger, now: float) -> None:
        for budget in spending.in_force(books, self._budgets):
            ahead = forecast(books, budget, now)
            if ahead and ahead.runs_out_at is not None:
                logger.warning(
                    "the budget of %d token requests per %s will not last: %d needed, %d left",
                    budget.limit,
                    budget.period,
                    ahead.needed,
                    ahead.left,
                )
