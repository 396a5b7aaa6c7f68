"""Keeps the ledger of one client in the store: what may be spent, and what was."""

from __future__ import annotations

from collections.abc import Sequence

from mintonce import spending, together
from mintonce.budget import Budget
from mintonce.cell import Cell
from mintonce.errors import StoreError
from mintonce.events import BudgetAtRisk, BudgetCounted, BudgetLow, StoreFailed
from mintonce.forecast import forecast
from mintonce.herald import Teller, log
from mintonce.ledger import Ledger, Mint, Outcome, Quota
from mintonce.record import Reason
from mintonce.stores.protocol import TokenStore

_TTL = 70 * 86_400.0  # seconds: two months and the edges of their windows


class Books:
    """The ledger, counted for everybody who shares the store, with a budget or without.

    Args:
        store: Where it is kept.
        key: The name of the ledger.
        budgets: What must not be exceeded; none: what others who share the ledger named.
        writer: Unique to this writer.
        tell: Takes what others want to know.

    """

    def __init__(
        self,
        store: TokenStore,
        key: str,
        budgets: Sequence[Budget],
        *,
        writer: str,
        tell: Teller = log,
    ) -> None:
        self._budgets = budgets
        self._tell = tell
        self.cell: Cell[Ledger] = Cell(
            store,
            key,
            Ledger,
            writer=writer,
            ttl=_ttl,
            precious=True,
            tell=tell,
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
            await together.update(
                self.cell, lambda books: spending.reserve(books, self._budgets, mint)
            )
        except StoreError as error:
            if self._budgets:
                raise
            # There is no budget to break. Better a token that is shared and not counted than one
            # for each process.
            self._tell_failure("a token request is not in the ledger", error)

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
            seen = await together.update(
                self.cell,
                lambda books: spending.settle(
                    books, mint.id, outcome, lifetime=lifetime, quotas=quotas
                ),
            )
        except StoreError as error:
            self._tell_failure("a token request stays in the ledger as it is", error)
        else:
            for budget in spending.in_force(seen.value, self._budgets):
                self._tell_count(seen.value, budget, mint.at)
                self._tell_risk(seen.value, budget, mint.at)

    def _tell_failure(self, consequence: str, error: StoreError) -> None:
        self._tell(StoreFailed(consequence=consequence, message=str(error)))

    def _tell_count(self, books: Ledger, budget: Budget, now: float) -> None:
        used, resets_at = spending.usage(books, budget, max(now, books.latest))
        left = max(budget.limit - used, 0)
        kind = BudgetLow if left <= budget.reserve else BudgetCounted
        self._tell(
            kind(
                limit=budget.limit,
                per=budget.period,
                name=budget.name,
                used=used,
                left=left,
                resets_at=resets_at,
            )
        )

    def _tell_risk(self, books: Ledger, budget: Budget, now: float) -> None:
        ahead = forecast(books, budget, now)
        if ahead and ahead.runs_out_at is not None:
            self._tell(
                BudgetAtRisk(
                    limit=budget.limit,
                    per=budget.period,
                    name=budget.name,
                    needed=ahead.needed,
                    left=ahead.left,
                    runs_out_at=ahead.runs_out_at,
                )
            )


def _ttl(books: Ledger) -> float:
    return max(_TTL, books.kept)
