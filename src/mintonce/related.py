"""What makes a manager one of a family: those of the same client, for other parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Self, cast

from mintonce import options
from mintonce.clock import Clock, now
from mintonce.credentials.source import TokenSource
from mintonce.errors import UsageError
from mintonce.family import Family
from mintonce.hand import Hand
from mintonce.herald import Herald
from mintonce.supply import Supply
from mintonce.token import Token


class Related(ABC):
    """Leads to the managers of the same client, which share with it all but the source."""

    _clock: Clock
    _closed: bool
    _family: Family[Self] | None = None
    _hand: Hand
    _herald: Herald
    _supply: Supply

    @property
    def clock(self) -> Clock:
        """Where it reads the time; tokens live and end by this clock."""
        return self._clock

    @property
    def newest(self) -> Token | None:
        """The newest token that it knows of, for whom a doubtful one is better than none.

        It has not expired. But the API may have rejected it, so that `TokenManager.get` hands it
        out no more. None if there is no such token.
        """
        token = self._supply.newest
        return token if token and token.remaining(self._clock.wall()) > 0 else None

    def for_(self, **parameters: object) -> Self:
        """Return the manager of the same client for other parameters of the token request.

        It shares the store, the budget, the ledger and all options with this one, and is closed
        with it. The same parameters bring the same manager, while its token lives or somebody
        holds it. Tokens, rejections and statistics are its own, and to close it closes no other.

        Args:
            parameters: What `ClientCredentials.for_` takes, or the method ``for_`` of a source of
                your own. What is not named stays as it is here.

        Raises:
            UsageError: Some of it makes no sense, the source has no other, or this is closed.

        """
        if self._closed or (self._family and self._family.is_closed):
            raise UsageError("this TokenManager is closed")
        source = options.derived(self._supply.source, parameters)
        if self._family is None:
            self._family = Family(self._supply.source.key, self, Related._is_in_use)
        return self._family.of(source.key, partial(self._relative, source))

    @abstractmethod
    async def aclose(self) -> None:
        """Close it, and at last `_leave`."""

    async def _leave(self) -> None:
        if self._family:
            await self._family.end_of(self._supply.source.key, self)

    def _relative(self, source: TokenSource) -> Self:
        supply = self._supply
        relative = cast("Callable[..., Self]", type(self))(
            source,
            store=supply.store,
            budget=supply.budgets,
            refresh_ahead=self._hand.refresh_ahead,
            mint_timeout=supply.mint_timeout,
            without_store=supply.without_store,
            on_event=self._herald.listeners,
            clock=self._clock,
        )
        relative._join(self._family, supply)  # noqa: SLF001 - one of its own kind
        return relative

    def _join(self, family: Family[Self] | None, supply: Supply) -> None:
        self._family = family
        self._supply.join(supply)

    def _is_in_use(self) -> bool:
        """Whether it has a token in hand, or a pause that it keeps to."""
        # What is under way need not be looked at: the event loop holds it, and it this manager.
        holds = self._hand.look(now(self._clock), 0.0) is not None
        return holds or self._supply.is_pausing
