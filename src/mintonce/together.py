"""What the tasks of a process that count in one ledger do together, so that there may be many.

A thousand managers of one client each for itself would lose nearly every race for the ledger to the
others, and read and write all of it each time. And a thousand leases at once are more than a store
can keep alive.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from mintonce.cell import Cell, Seen
from mintonce.errors import MintonceError
from mintonce.flight import own

T = TypeVar("T")

AT_ONCE = 32
"""Token requests of one client that one process has under way at once."""

Change = Callable[[T], T | None]
"""A pure function of the value that is there; None means that nothing needs to change."""


class _Wish(Generic[T]):
    """A change that somebody waits for, and what came of it."""

    __slots__ = ("change", "error", "seen")

    def __init__(self, change: Change[T]) -> None:
        self.change = change
        self.error: MintonceError | None = None
        self.seen: Seen[T] | None = None


class _Queue:
    """Those who wait at one cell.

    Attributes:
        wishes: What is to be changed, in the order in which they came.
        turn: Who has it writes for all.
        mints: Who may mint.

    """

    __slots__ = ("__weakref__", "mints", "turn", "wishes")

    def __init__(self) -> None:
        self.wishes: dict[_Wish[Any], None] = {}
        self.turn = asyncio.Lock()
        self.mints = asyncio.Semaphore(AT_ONCE)


# By store object, key, event loop and process, because a forked child inherits the loop of its
# parent. A queue goes away with the last task that uses it.
_queues: WeakValueDictionary[tuple[int, str, asyncio.AbstractEventLoop, int], _Queue]
_queues = WeakValueDictionary()


async def update(cell: Cell[T], change: Change[T]) -> Seen[T]:
    """Apply `change` as `Cell.update` does, along with all other changes that wait for their turn.

    Raises:
        MintonceError: What `change` raised: the other changes are made all the same.
        StoreError: It was not done, or cannot be known.

    """
    queue, wish = _at(cell), _Wish(change)
    queue.wishes[wish] = None
    try:
        async with queue.turn:
            if wish in queue.wishes:  # nobody who had the turn before has seen to it
                await _grant(cell, queue)
    finally:
        queue.wishes.pop(wish, None)
    if wish.error:
        raise own(wish.error) from wish.error.__cause__
    assert wish.seen  # noqa: S101 - it was granted, or has failed
    return wish.seen


@asynccontextmanager
async def among_few(cell: Cell[Any]) -> AsyncGenerator[None]:
    """Run the block when fewer than `AT_ONCE` others do that count in the same cell."""
    queue = _at(cell)  # it lives as long as somebody holds it
    async with queue.mints:
        yield


def _at(cell: Cell[Any]) -> _Queue:
    place = (id(cell.store), cell.key, asyncio.get_running_loop(), os.getpid())
    return _queues.setdefault(place, _Queue())


async def _grant(cell: Cell[T], queue: _Queue) -> None:
    wishes: Sequence[_Wish[T]] = list(queue.wishes)
    try:
        seen = await cell.update(partial(_changed, wishes))
    except MintonceError as error:
        for wish in wishes:
            wish.error = error
    else:
        for wish in wishes:
            wish.seen = seen
    # Not if this task is cancelled: the next one does it again, and knows what was done already.
    for wish in wishes:
        queue.wishes.pop(wish, None)


def _changed(wishes: Sequence[_Wish[T]], value: T) -> T | None:
    old = value
    for wish in wishes:
        wish.error = None
        try:
            value = wish.change(value) or value
        except MintonceError as error:
            wish.error = error
    return None if value is old else value
