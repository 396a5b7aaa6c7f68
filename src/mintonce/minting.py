"""One token request under a lease: claim, reserve, send, store, settle, in this order.

Imported when a token is to be minted: most processes find one, and are spared all this.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from functools import partial

from mintonce.asking import Answer, Asking, Send
from mintonce.books import Books
from mintonce.cell import Cell, Seen
from mintonce.clock import Clock
from mintonce.errors import MintonceError, StoreError, TokenRequestError
from mintonce.events import LeaseTakenOver, MintFailed, StoreFailed, TokenMinted
from mintonce.herald import Teller, log
from mintonce.lease import HeldLease
from mintonce.ledger import Mint
from mintonce.noticing import tell_cool_down
from mintonce.outcome import failed, landed, released
from mintonce.record import CoolDown, Lease, Reason, Record
from mintonce.renewal import Claim
from mintonce.together import among_few
from mintonce.token import Token

_STALE = 30.0  # seconds from the reservation to the request, a fraction of what clocks may differ

_NOT_GIVEN_BACK = "the lease could not be given back"
_NOT_STORED = "a new token could not be stored"


class _LeaseLost(MintonceError):
    """This process was paused for so long that another may have taken its lease."""


@dataclass(frozen=True, slots=True)
class Minted:
    """What came of a token request.

    Attributes:
        token: The new token.
        record: The record with it, as it is in the store.
        saved: False if the store could not take it, so that `record` is only known here.

    """

    token: Token
    record: Record
    saved: bool


class Mintage:
    """Mints the token of one source.

    Args:
        asking: Sends the token request.
        cell: The record of the token.
        books: Counts token requests.
        clock: Tells when one was reserved.
        tell: Takes what others want to know.

    Attributes:
        unshared: A cool-down that only this process keeps to: the trouble is its own, or the store
            could not take it.

    """

    def __init__(
        self, asking: Asking, cell: Cell[Record], books: Books, clock: Clock, tell: Teller = log
    ) -> None:
        self._asking = asking
        self._cell = cell
        self._books = books
        self._clock = clock
        self._tell = tell
        self.unshared: CoolDown | None = None
        self._unsent = 0  # times in a row that nothing could be sent

    async def mint(self, seen: Seen[Record], claim: Claim) -> Minted | None:
        """Claim the lease and mint a token; None if another process may be at it.

        Raises:
            TokenRequestError: There is no token; the cool-down is in the record.
            BudgetExhausted: There may not be one.
            StoreError: The ledger or the record cannot be read or written.

        """
        async with among_few(self._books.cell):
            return await self._claim(seen, claim)

    async def _claim(self, seen: Seen[Record], claim: Claim) -> Minted | None:
        # A claim costs two writes; look first whether anything may be sent at all.
        await self._books.check(claim.lease.reason, self._clock.wall())
        started = self._clock.steady()
        claimed = await self._cell.swap(seen, claim.record)
        if claimed is None:
            return None
        if other := seen.value.lease:
            self._tell(LeaseTakenOver(by=other.by, reason=claim.lease.reason))
        held = HeldLease(
            self._cell, claimed, claim.lease, self._clock, written=started, tell=self._tell
        )
        try:
            return await self._mint(held)
        except _LeaseLost:
            return None

    async def _mint(self, held: HeldLease) -> Minted:
        """Mint a token and put it in the record; drop the lease, whatever happens."""
        try:
            mint, answer = await held.during(self._paid(held))
        except TokenRequestError:
            raise
        except (Exception, asyncio.CancelledError):
            # Also when cancelled with the event loop: others need not wait for the lease to die.
            await self._quietly(held.update(released), _NOT_GIVEN_BACK)
            raise
        minted = await self._land(held, answer.token)
        if minted.saved:  # otherwise the callers would wait once more for a store that hangs
            lifetime = answer.token.lifetime
            await self._books.settle(mint, "minted", lifetime=lifetime, quotas=answer.quotas)
        return minted

    async def _paid(self, held: HeldLease) -> tuple[Mint, Answer]:
        send = await self._prepared(held)
        try:
            # An import holds up the event loop, and with it the heartbeat: on a busy machine for
            # longer than a lease lives. If nobody has taken it meanwhile, it is ours again.
            await held.confirm()
            mint = await self._reserve(held)
            return mint, await self._send(send, mint, held.record.token)
        except TokenRequestError as error:
            await self._cool_down(held, error)
            raise

    async def _prepared(self, held: HeldLease) -> Send:
        started = self._clock.steady()
        try:
            send = await self._asking.prepare()
        except TokenRequestError as error:
            self._tell_failure(error, held.lease.reason, started)
            # The server was not asked. What this process lacks, the others may have.
            self._cool_down_alone(replace(held.record, failures=self._unsent), held.lease, error)
            self._unsent += 1
            await self._quietly(held.update(released), _NOT_GIVEN_BACK)
            raise
        self._unsent = 0
        return send

    async def _reserve(self, held: HeldLease) -> Mint:
        lease, started = held.lease, self._clock.steady()
        now = self._clock.wall()
        mint = Mint(secrets.token_hex(8), self._cell.key, now, lease.reason, lease.by)
        await self._books.reserve(mint)
        # A request that is sent long after its reservation may fall into a window that is full.
        if not held.firm or self._clock.steady() - started > _STALE:
            await self._books.settle(mint, "refused")
            raise _LeaseLost("this process was paused while it wanted to mint")
        return mint

    async def _send(self, send: Send, mint: Mint, old: Token | None) -> Answer:
        started = self._clock.steady()
        try:
            answer = await self._asking.send(send, old=old)
        except TokenRequestError as error:
            self._tell_failure(error, mint.reason, started)
            await self._books.settle(mint, "lost" if error.may_have_issued else "refused")
            raise
        token = answer.token
        self._tell(
            TokenMinted(
                fingerprint=token.fingerprint,
                reason=mint.reason,
                lifetime=token.lifetime,
                expires_at=token.expires_at,
                elapsed=self._clock.steady() - started,
            )
        )
        return answer

    async def _land(self, held: HeldLease, token: Token) -> Minted:
        put_in = partial(landed, token=token)
        try:
            return Minted(token, await held.update(put_in), saved=True)
        except asyncio.CancelledError:
            # With the event loop: nobody is left here to hand it to, but others can have it.
            await self._quietly(held.update(put_in), _NOT_STORED)
            raise
        except StoreError as error:
            # It was paid for: hand it out, and try to store it later.
            self._tell(StoreFailed(consequence=_NOT_STORED, message=str(error)))
            record = put_in(held.record, held.lease) or held.record
            return Minted(token, record, saved=False)

    async def _cool_down(self, held: HeldLease, error: TokenRequestError) -> None:
        credential = await self._asking.fingerprint() if error.permanent else None
        note = partial(self._noted, error=error, credential=credential)
        if not await self._quietly(held.update(note), "a cool-down could not be shared"):
            self._cool_down_alone(held.record, held.lease, error)

    def _cool_down_alone(self, record: Record, lease: Lease, error: TokenRequestError) -> None:
        noted = self._noted(record, lease, error=error)
        self.unshared = noted.cool_down if noted else None
        if self.unshared:
            tell_cool_down(self.unshared, self._tell, shared=False)

    def _noted(
        self,
        record: Record,
        lease: Lease,
        *,
        error: TokenRequestError,
        credential: str | None = None,
    ) -> Record | None:
        jitter = random.uniform(0.75, 1.25)  # noqa: S311 - jitter needs no cryptography
        now = self._clock.wall()
        return failed(record, lease, error, now, jitter=jitter, credential=credential)

    async def _quietly(self, write: Awaitable[object], consequence: str) -> bool:
        """Await a write without which others only wait longer: the lease dies by itself."""
        try:
            await write
        except StoreError as error:
            self._tell(StoreFailed(consequence=consequence, message=str(error)))
            return False
        return True

    def _tell_failure(self, error: TokenRequestError, reason: Reason, started: float) -> None:
        self._tell(
            MintFailed(
                reason=reason,
                message=str(error),
                elapsed=self._clock.steady() - started,
                status=error.status,
                error=error.error,
                permanent=error.permanent,
                may_have_issued=error.may_have_issued,
            )
        )
