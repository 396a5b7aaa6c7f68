"""A token that was paid for, and that the store could not take: it is stored later."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import NamedTuple

from mintonce.cell import Cell
from mintonce.clock import Clock
from mintonce.errors import StoreError
from mintonce.herald import Teller, log
from mintonce.outcome import landed
from mintonce.record import Lease, Record
from mintonce.token import Token

_FIRST, _LONGEST = 1.0, 60.0  # seconds between two tries


class _Unsaved(NamedTuple):
    token: Token
    lease: Lease


class Saving:
    """Keeps the newest token that is not stored yet; an older one is not worth a try.

    Args:
        cell: Where it belongs.
        clock: Tells when it is worthless.
        tell: Takes what others want to know.

    """

    __slots__ = ("_cell", "_clock", "_tell", "_unsaved")

    def __init__(self, cell: Cell[Record], clock: Clock, tell: Teller = log) -> None:
        self._cell = cell
        self._clock = clock
        self._tell = tell
        self._unsaved: _Unsaved | None = None

    def keep(self, token: Token, lease: Lease) -> None:
        """Remember a token that was minted under this lease."""
        self._unsaved = _Unsaved(token, lease)

    def drop(self, fingerprint: str | None = None) -> None:
        """Forget the token, or only if it is the one with this fingerprint."""
        if self._unsaved and fingerprint in (None, self._unsaved.token.fingerprint):
            self._unsaved = None

    async def run(self) -> None:
        """Try until it is stored or worthless.

        To cancel this ends the waiting: there is one more try, and then it gives up.
        """
        pause = _FIRST
        try:
            while self._unsaved and self._unsaved.token.remaining(self._clock.wall()) > 0:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST)
                await self._try()
        except asyncio.CancelledError:
            await self._try()

    async def _try(self) -> None:
        unsaved = self._unsaved
        if unsaved is None:
            return
        try:
            await self._cell.update(partial(landed, lease=unsaved.lease, token=unsaved.token))
        except StoreError:
            return
        from mintonce.events import TokenStored  # noqa: PLC0415 - told seldom

        self._tell(TokenStored(fingerprint=unsaved.token.fingerprint))
        if self._unsaved is unsaved:
            self._unsaved = None
