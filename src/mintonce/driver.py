"""Runs the steps of the protocol against a store, a source and the clocks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from mintonce.budget import Budget, ledger_name
from mintonce.cell import Cell, Seen
from mintonce.clock import Clock
from mintonce.credentials.source import MeteredSource, TokenSource
from mintonce.errors import TokenRequestError, UsageError
from mintonce.herald import Teller, log
from mintonce.noticing import change_record
from mintonce.outcome import rejected
from mintonce.process import claimant, writer
from mintonce.record import CoolDown, Lease, Reason, Record
from mintonce.renewal import Claim, Need, Refuse, Step, Tell, Use, decide
from mintonce.saving import Saving
from mintonce.stores.protocol import TokenStore
from mintonce.token import Token
from mintonce.watch import LEAST, LOOK, Patience, Since, Watch, polls

if TYPE_CHECKING:
    from mintonce.asking import Asking
    from mintonce.books import Books
    from mintonce.minting import Mintage

PATIENCE = 3.0
"""Seconds that callers are made to wait, at most, for a passing cool-down to end."""

_TTL = 40 * 86_400.0  # seconds: longer than any token is believed


class Obtained(NamedTuple):
    """A token, and what this process had to do for it.

    Attributes:
        token: The token.
        reason: Why this process minted it; None if another one did.
        unsaved: Whether the store could not take it, so that it has to be saved later.

    """

    token: Token
    reason: Reason | None = None
    unsaved: bool = False


class Driver:
    """Gets the token of one source through one store.

    Args:
        source: Where new tokens come from.
        store: Where they are shared.
        budgets: What token requests may be sent.
        clock: Where the time is read.
        timeout: Seconds for one token request.
        tell: Takes what others want to know.

    Attributes:
        budgets: The same.
        cell: Where the record is.
        newest: The newest token that it knows of. The API may have rejected it.
        unshared: A cool-down that only this process keeps to.
        saving: Stores later what could not be stored when it was minted.

    """

    def __init__(
        self,
        source: TokenSource,
        store: TokenStore,
        *,
        budgets: Sequence[Budget],
        clock: Clock,
        timeout: float,
        tell: Teller = log,
    ) -> None:
        if not re.fullmatch("[a-z0-9-]{1,90}", source.key):
            raise UsageError("the key of a token source must be 1 to 90 characters of [a-z0-9-]")
        self.budgets = budgets
        self.cell: Cell[Record] = Cell(
            store, source.key, Record, writer=writer(), ttl=_ttl, tell=tell
        )
        self._source = source
        self._store = store
        self._clock = clock
        self._timeout = timeout
        self._tell = tell
        self._cooling: Since[CoolDown] = Since(clock)
        self._own_cooling: Since[CoolDown] = Since(clock)
        self.newest: Token | None = None
        self.unshared: CoolDown | None = None
        self.saving: Saving = Saving(self.cell, clock, tell)
        own = source.ledger_key if isinstance(source, MeteredSource) else f"ledger-{source.key}"
        self._ledger_key = ledger_name(budgets) or own

    @cached_property
    def books(self) -> Books:
        """The ledger."""
        from mintonce.books import Books  # noqa: PLC0415 - only who mints has to do with it

        return Books(self._store, self._ledger_key, self.budgets, writer=writer(), tell=self._tell)

    @cached_property
    def _mintage(self) -> Mintage:
        from mintonce.minting import Mintage  # noqa: PLC0415 - most find a token, and mint none

        return Mintage(self._asking, self.cell, self.books, self._clock, self._tell)

    @cached_property
    def _asking(self) -> Asking:
        from mintonce.asking import Asking  # noqa: PLC0415 - as above

        return Asking(self._source, self._clock, self._timeout)

    async def obtain(self, need: Need) -> Obtained:
        """Find a token in the store, wait for somebody who mints one, or mint it.

        Raises:
            TokenRequestError: There is none.
            BudgetExhausted: There may not be one.
            UsageError: There will never be one that lives so long.
            StoreError: The store failed.

        """
        me, watch, pauses = claimant(), Watch(self._clock), polls()
        patience = Patience(self._clock, PATIENCE)
        trouble: TokenRequestError | None = None
        seen: Seen[Record] | None = None
        while True:
            seen = await self.cell.read(seen)
            self.newest = seen.value.token
            step = await self._decide(seen.value, need, me, watch.look(seen.raw))
            if isinstance(step, Use):
                return Obtained(step.token)
            if isinstance(step, Claim):
                outcome = await self._mint(seen, step, need)
                if isinstance(outcome, Obtained):
                    return outcome
                trouble = outcome or trouble
            if isinstance(step, Tell):
                await self.reject(step.fingerprint)
                continue
            if isinstance(step, Refuse) and not self._soon(step, patience):
                raise step.error from trouble
            await self._changed(seen, next(pauses))

    async def reject(self, fingerprint: str) -> None:
        """Tell everybody that the API rejected the token with this fingerprint.

        Raises:
            StoreError: The store failed.

        """
        self.saving.drop(fingerprint)
        wall = self._clock.wall()
        await change_record(
            self.cell, lambda record: rejected(record, fingerprint, wall), self._tell
        )

    async def _decide(self, record: Record, need: Need, me: Lease, unchanged_for: float) -> Step:
        step = self._step(record, need, me, unchanged_for, self._cooling)
        if isinstance(step, Refuse) and step.credential:
            # Certain credentials were refused. Only now does it matter which ones there are.
            need = need._replace(credential=await self._asking.fingerprint())
            step = self._step(record, need, me, unchanged_for, self._cooling)
        if isinstance(step, Claim) and self.unshared:
            # Before this process asks, it keeps to a pause that only it knows of.
            cooling = replace(record, cool_down=self.unshared)
            own = self._step(cooling, need, me, unchanged_for, self._own_cooling)
            return own if isinstance(own, Refuse) else step
        return step

    def _step(
        self, record: Record, need: Need, me: Lease, unchanged_for: float, cooling: Since[CoolDown]
    ) -> Step:
        return decide(
            record,
            self._clock.wall(),
            need,
            me=me,
            unchanged_for=unchanged_for,
            cooled_for=cooling.look(record.cool_down),
        )

    async def _mint(
        self, seen: Seen[Record], claim: Claim, need: Need
    ) -> Obtained | TokenRequestError | None:
        """Mint a token; None if somebody else was faster.

        A request that failed is returned, not raised: the cool-down that the record holds now says
        what to do, here as in every other process.
        """
        try:
            minted = await self._mintage.mint(seen, claim)
        except TokenRequestError as error:
            self.unshared = self._mintage.unshared
            return error
        if minted is None:
            return None
        self.newest = minted.token
        if minted.saved:
            self.saving.drop()
        else:
            self.saving.keep(minted.token, claim.lease)
        for part in ("_mintage", "_asking", "books"):  # there may be thousands who need none now
            vars(self).pop(part, None)
        # What was issued a moment ago is not over, although it looks like one that was.
        need = need._replace(expired=None)
        step = decide(minted.record, self._clock.wall(), need, me=claim.lease)
        if isinstance(step, Use):
            return Obtained(step.token, claim.lease.reason, unsaved=not minted.saved)
        if not isinstance(step, Refuse) and minted.token.fingerprint in minted.record.rejected:
            return None  # others were faster to use it, and the API rejected it
        # Never a second mint for the same callers: what one did not cure, another would not.
        raise step.error if isinstance(step, Refuse) else _useless(minted.token)

    def _soon(self, refusal: Refuse, patience: Patience) -> bool:
        """Tell whether a cool-down passes so soon that the callers can wait for it."""
        again_at = refusal.again_at
        return again_at is not None and patience.lasts(again_at - self._clock.wall())

    async def _changed(self, seen: Seen[Record], pause: float) -> None:
        """Wait until the record is worth another look."""
        time = asyncio.get_running_loop().time
        started = time()
        if await self.cell.changed(seen, within=LOOK):
            # A store may return early, for nothing, each time that it is asked.
            pause = started + LEAST - time()
        await asyncio.sleep(max(pause, 0))


def _ttl(_: Record) -> float:
    return _TTL


def _useless(token: Token) -> TokenRequestError:
    return TokenRequestError(
        f"the authorization server's new token cannot be used: it lives {token.lifetime:g} s",
        may_have_issued=True,
    )
