"""TokenManager: hands out a token, and sees to it that there is one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Self

from mintonce import options
from mintonce.budget import Budget
from mintonce.clock import SYSTEM_CLOCK, Clock, Moment, SystemClock, now
from mintonce.credentials.source import TokenSource
from mintonce.driver import Obtained
from mintonce.errors import MintonceError, TokenRejected, TokenRequestError, UsageError
from mintonce.flight import Flights
from mintonce.hand import Hand
from mintonce.herald import Herald, Listener
from mintonce.hold import Hold
from mintonce.related import Related
from mintonce.renewal import Need
from mintonce.stats import Stats
from mintonce.stores import TokenStore
from mintonce.supply import Supply, WithoutStore
from mintonce.token import Token

if TYPE_CHECKING:
    from mintonce.status import Status

_GLANCE = 1.0  # seconds for which one look at both clocks is good
_ROUNDS = 4  # flights that one call waits for: a token may be rejected while it is on its way


class TokenManager(Related):
    """Hands out the token of one source to all tasks; shares it through a store with all others.

    One manager serves all tasks of one event loop, and one loop after another. It may be made
    without a loop and closed from any task. All managers, in any number of processes, that use the
    same store and source share one token, one mint and one budget.

    Args:
        source: Where new tokens come from: `ClientCredentials`, or anything with ``key`` and
            ``async mint()``.
        store: Where tokens are shared and kept: a store, or a URL for `open_store`; or memory.
        budget: How many token requests may be sent; several may apply at once.
        refresh_ahead: Seconds before expiry at which a new token is minted in the background,
            but never more than a tenth of the lifetime.
        mint_timeout: Seconds after which a token request without an answer is given up.
        without_store: What to do when no token is at hand and the store is away: ``"mint"`` one
            for this process alone, ``"fail"``, or ``"auto"``: mint if no budget could break.
        on_event: Called with each event of `mintonce.events`: a plain function, or several. They
            are called in a thread of their own, so that none can hold up a caller.
        clock: Where the time is read; tests bring their own.

    Raises:
        UsageError: An option makes no sense.

    """

    def __init__(
        self,
        source: TokenSource,
        *,
        store: TokenStore | str | None = None,
        budget: Budget | Sequence[Budget] | None = None,
        refresh_ahead: float = 60.0,
        mint_timeout: float = 10.0,
        without_store: WithoutStore = "auto",
        on_event: Listener | Sequence[Listener] = (),
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SYSTEM_CLOCK
        self._wall = self._clock.wall
        self._hand = Hand(options.seconds("refresh_ahead", refresh_ahead, at_least=0))
        key = options.source(source).key
        self._herald = Herald(key, self._clock, options.listeners(on_event))
        self._supply = Supply(
            source,
            store,
            budgets=options.budgets(budget),
            clock=self._clock,
            mint_timeout=mint_timeout,
            without_store=without_store,
            tell=self._herald.tell,
        )
        self._flights = Flights()
        self._closed = False
        self._glance_until = -math.inf
        self._glance_end: asyncio.TimerHandle | None = None

    # Not keyword-only, though it reads best by its name: that alone costs a tenth of a call.
    async def get(self, min_validity: float = 0.0) -> Token:
        """Return a token that is good for `min_validity` more seconds at least.

        While a token is at hand this takes no lock and does no I/O. Otherwise all callers wait for
        one renewal, each under its own cancellation and time limit, which does not touch it.

        Raises:
            TokenRequestError: The authorization server refused, or gave no usable answer.
            BudgetExhausted: No token request may be sent.
            StoreError: The store is set up wrong, or away (StoreUnavailable).
            UsageError: Tokens do not live so long, or the manager is closed or in two event loops.

        """
        # The hot path: both clocks were read a glance ago. One is read again, and counts a suspend;
        # a timer stands in for the other. (To call an attribute would take longer.)
        wall = self._wall
        if not min_validity and wall() < self._glance_until:
            return self._token
        return await self._get(min_validity)

    async def invalidate(self, token: Token | str) -> None:
        """Say that the API answered 401 to this token, so that it is not handed out again.

        It works by value: late or repeated reports of one token cause one new mint in the whole
        fleet, and none where a newer token is there. Never raises because of the store.
        """
        self._check_open()
        mark = options.mark(token)
        self._end_glance()
        if self._hand.reject(mark):
            self._herald.rejected(mark)
        elif f"reject {mark}" not in self._flights:
            return
        await self._flights.join(f"reject {mark}", partial(self._supply.reject, mark))

    @property
    def stats(self) -> Stats:
        """What this manager has done so far."""
        return replace(self._herald.stats)

    async def status(self) -> Status:
        """Read what the store knows of token, budget and mints; `StoreError` if it cannot be."""
        return await self._supply.status()

    async def aclose(self) -> None:
        """Wait for what is under way, and close the store if it was given as a URL.

        Managers that were made with `for_` are closed, too.
        Calls of `get` that wait for a token still get it; later ones are refused.
        """
        self._flights.enter()
        self._closed = True
        self._end_glance()
        # In this order: what is under way may end with a token that has to be saved.
        await self._flights.drain(but="save")
        self._flights.cancel("save")
        await self._flights.drain()
        await self._leave()
        await self._supply.aclose()
        await self._herald.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _get(self, min_validity: float) -> Token:
        self._check_open()
        min_validity = options.seconds("min_validity", min_validity)
        if token := self._at_hand(min_validity):
            return token
        if refusal := self._hand.refused(now(self._clock)):
            raise refusal
        self._herald.stats.waited += 1
        # Other needs, another flight: what fails for them need not fail for these.
        name, renew = f"get {min_validity:g}", partial(self._renew, min_validity)
        for _ in range(_ROUNDS):
            self._check_open()
            try:
                await self._flights.join(name, renew)
            except MintonceError:
                if not self._at_hand(min_validity):
                    raise  # otherwise another flight has brought what this one could not
            if token := self._at_hand(min_validity):
                return token
        raise TokenRequestError("tokens expire, or are rejected, faster than they are handed out")

    def _at_hand(self, min_validity: float) -> Token | None:
        """Look at both clocks, and return the token if it is good for so long."""
        if not min_validity and self._wall() < self._glance_until:
            return self._token  # thousands may have waited for it, and one has looked
        moment = now(self._clock)
        hold = self._hand.look(moment, min_validity)
        if hold is None:
            return None
        if need := self._hand.wanting(moment):
            self._flights.start("early", partial(self._early, need))
        if not self._closed and isinstance(self._clock, SystemClock):  # others have no such timer
            self._glance(hold, moment)
        return hold.token

    def _glance(self, hold: Hold, moment: Moment) -> None:
        """Let `get` trust this look for a moment, so that it need not read both clocks."""
        length = min(_GLANCE, hold.steady_for(moment))
        self._end_glance()
        self._token, self._glance_until = hold.token, moment.wall + length
        self._glance_end = asyncio.get_running_loop().call_later(length, self._end_glance)

    def _end_glance(self) -> None:
        self._glance_until = -math.inf
        if self._glance_end:
            self._glance_end.cancel()
            self._glance_end = None  # it keeps the context of a caller alive

    async def _renew(self, min_validity: float) -> None:
        need = self._hand.lacking(now(self._clock), min_validity)
        await self._obtain(self._supply.obtain, need)

    async def _early(self, need: Need) -> None:
        try:
            await self._obtain(self._supply.obtain_shared, need)
        except MintonceError as error:
            # Nobody waits for this: the token at hand is good for a while.
            self._hand.retry(now(self._clock), error)

    async def _obtain(self, obtain: Callable[[Need], Awaitable[Obtained]], need: Need) -> None:
        started = self._clock.steady()
        try:
            obtained = await obtain(need)
        except MintonceError as error:
            self._herald.failed(error, early=need.replaces is not None)
            if isinstance(error, TokenRejected):
                self._hand.refuse(now(self._clock), error)
            raise
        if obtained.unsaved:
            self._flights.start("save", self._supply.save)
        token, is_new, moment = obtained.token, obtained.reason is not None, now(self._clock)
        self._herald.obtained(token, minted=is_new, waited=moment.steady - started)
        if self._hand.take(token, moment, is_new=is_new):
            self._end_glance()

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("this TokenManager is closed")
        self._flights.enter()
