"""Holding a lease: keep it alive while a block runs, and know whether it still is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mintonce.cell import Cell, Seen
from mintonce.clock import Clock
from mintonce.errors import StoreError
from mintonce.events import StoreFailed
from mintonce.herald import Teller, log
from mintonce.noticing import change_record
from mintonce.outcome import beat, holds
from mintonce.record import Lease, Record
from mintonce.renewal import HEARTBEAT, LEASE

T = TypeVar("T")


class HeldLease:
    """A lease that this process has swapped into the record.

    Args:
        cell: The record.
        seen: What was swapped in.
        lease: The lease in it.
        clock: Tells how long ago the lease was last written.
        written: When that write was begun, on the steady clock: others may have seen it since.
        tell: Takes what others want to know.

    """

    def __init__(
        self,
        cell: Cell[Record],
        seen: Seen[Record],
        lease: Lease,
        clock: Clock,
        *,
        written: float,
        tell: Teller = log,
    ) -> None:
        self.lease = lease
        self._cell = cell
        self._seen = seen
        self._clock = clock
        self._written = written
        self._tell = tell

    @property
    def record(self) -> Record:
        """The record as it was last seen."""
        return self._seen.value

    @property
    def firm(self) -> bool:
        """Whether nobody can have taken the lease: false after a pause as long as a lease."""
        alive = self._clock.steady() - self._written < LEASE
        return alive and holds(self._seen.value, self.lease)

    async def confirm(self) -> None:
        """Write the lease anew after a pause, unless somebody else has taken it.

        Raises:
            StoreError: It was not done, or cannot be known.

        """
        if not self.firm:
            await self._renew()

    async def during(self, call: Awaitable[T]) -> T:
        """Await `call` while the lease is renewed beside it."""
        beats = asyncio.create_task(self._beat())
        try:
            return await call
        finally:
            beats.cancel()
            await asyncio.wait([beats])

    async def update(self, change: Callable[[Record, Lease], Record | None]) -> Record:
        """Apply a change to the record.

        Raises:
            StoreError: It was not done, or cannot be known.

        """
        self._seen = await change_record(
            self._cell, lambda record: change(record, self.lease), self._tell, self._seen
        )
        return self._seen.value

    async def _renew(self) -> None:
        started = self._clock.steady()
        await self.update(beat)
        self._written = started

    async def _beat(self) -> None:
        while holds(self._seen.value, self.lease):
            await asyncio.sleep(HEARTBEAT)
            try:
                await self._renew()
            except StoreError as error:
                # The next beat tries again; too many of these, and others take the lease.
                trouble = "the lease could not be renewed"
                self._tell(StoreFailed(consequence=trouble, message=str(error)))
