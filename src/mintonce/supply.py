"""Where a manager gets its tokens: through the store, and what to do when the store fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from mintonce import options
from mintonce.budget import Budget
from mintonce.clock import Clock
from mintonce.credentials.source import TokenSource
from mintonce.driver import Driver, Obtained
from mintonce.errors import StoreError, StoreUnavailable, UsageError
from mintonce.herald import Teller, log
from mintonce.renewal import Need
from mintonce.stores import MemoryStore, TokenStore
from mintonce.token import Token

if TYPE_CHECKING:
    from mintonce.status import Status

WithoutStore = Literal["auto", "mint", "fail"]
"""What to do when no token is at hand and the store cannot be reached: ``mint`` one for this
process alone, ``fail``, or ``auto``: mint where there is no budget that this could break."""


class Supply:
    """The tokens of one source, by way of one store.

    Args:
        source: Where new tokens come from.
        store: A store, a URL for `open_store`, or None for memory.
        budgets: How many token requests may be sent.
        clock: Where the time is read.
        mint_timeout: Seconds after which a token request without an answer is given up.
        without_store: What to do when the store fails.
        tell: Takes what others want to know.

    """

    def __init__(
        self,
        source: TokenSource,
        store: TokenStore | str | None,
        *,
        budgets: Sequence[Budget],
        clock: Clock,
        mint_timeout: float,
        without_store: WithoutStore,
        tell: Teller = log,
    ) -> None:
        mint_timeout = options.seconds("mint_timeout", mint_timeout, at_least=0.001)
        if without_store not in get_args(WithoutStore):
            raise UsageError(f"without_store must be one of {get_args(WithoutStore)}")
        self._alone_allowed = without_store == "mint" or (without_store == "auto" and not budgets)
        self._owned = isinstance(store, str)
        self.source: TokenSource = options.source(source)
        self.store: TokenStore = options.store(store)
        self.budgets = budgets
        self.mint_timeout = mint_timeout
        self.without_store = without_store
        self._clock = clock
        self._tell = tell
        self._driver = self._through(self.store)
        self._refuge = MemoryStore()
        self._alone: Driver | None = None

    def join(self, other: Supply) -> None:
        """Count together with `other` what is minted without the store."""
        self._refuge = other._refuge

    @property
    def is_pausing(self) -> bool:
        """Whether there is a cool-down that nobody else keeps to."""
        pause = self._driver.unshared
        return pause is not None and self._clock.wall() < pause.until

    @property
    def newest(self) -> Token | None:
        """The newest token that is known here. The API may have rejected it."""
        known = [driver.newest for driver in (self._driver, self._alone) if driver]
        return max(filter(None, known), key=lambda token: token.expires_at, default=None)

    async def obtain(self, need: Need) -> Obtained:
        """Get a token for callers that have none.

        Raises:
            StoreUnavailable: The store is away, and minting without it is not allowed.
            MintonceError: As `Driver.obtain`.

        """
        try:
            return await self._driver.obtain(need)
        except StoreUnavailable as error:
            if not self._alone_allowed:
                raise StoreUnavailable(
                    f"no token is at hand, and the store is away: {error}"
                ) from error
            self._tell_failure("minting for this process alone, because the store is away", error)
        if self._alone is None:
            self._alone = self._through(self._refuge)
        return await self._alone.obtain(need)

    async def obtain_shared(self, need: Need) -> Obtained:
        """Get a token through the store or not at all, for callers that have one.

        Raises:
            MintonceError: As `Driver.obtain`.

        """
        return await self._driver.obtain(need)

    async def save(self) -> None:
        """Store a token later that could not be stored when it was minted."""
        await self._driver.saving.run()

    async def reject(self, fingerprint: str) -> None:
        """Tell everybody that the API rejected a token; if the store fails, only the log."""
        try:
            await self._driver.reject(fingerprint)
        except StoreError as error:
            self._tell_failure("a rejection could not be shared, because the store failed", error)
        if self._alone:
            await self._alone.reject(fingerprint)

    async def status(self) -> Status:
        """Read what the store knows.

        Raises:
            StoreError: The store could not be read.

        """
        from mintonce.status import describe  # noqa: PLC0415 - for the few who ask

        driver = self._driver
        record, ledger = await driver.cell.read(), await driver.books.cell.read()
        return describe(record.value, ledger.value, driver.budgets, self._clock.wall())

    async def aclose(self) -> None:
        """Close the store, if it was opened here."""
        aclose = getattr(self.store, "aclose", None)
        if self._owned and aclose:
            await aclose()

    def _through(self, store: TokenStore) -> Driver:
        return Driver(
            self.source,
            store,
            budgets=self.budgets,
            clock=self._clock,
            timeout=self.mint_timeout,
            tell=self._tell,
        )

    def _tell_failure(self, consequence: str, error: StoreError) -> None:
        from mintonce.events import StoreFailed  # noqa: PLC0415 - told seldom

        self._tell(StoreFailed(consequence=consequence, message=str(error)))
