"""`mintonce.cell`, one operation at a time: each way in which the next one can end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mintonce.errors import BudgetExhausted, StoreError
from model.values import Act, Fault, Seen, Write

Change = Callable[[Any], Any]
"""A pure change of what is in a cell: the new value, or None to leave it."""

FAILED = StoreError("it was not done, or cannot be known")


class Turn(NamedTuple):
    """One operation and its end.

    Attributes:
        act: The operation.
        write: What is left to be done; None if nothing is.
        result: What came of it all: what is in the cell, or an error; None if another was faster.
        wrote: What is in the cell now, if it was changed.
        fault: What went wrong.

    """

    act: Act
    write: Write | None = None
    result: Seen | StoreError | BudgetExhausted | None = None
    wrote: Any = None
    fault: Fault | None = None


def stale(seen: Seen | None) -> Seen | None:
    """Return what a process knows after somebody else wrote."""
    return seen._replace(current=False) if seen else None


def overtaken(write: Write | None) -> Write | None:
    """Return what becomes of a change after somebody else wrote to its cell."""
    if write is None:
        return None
    return write._replace(seen=stale(write.seen), doubt=None if write.doubt is None else False)


def turns(write: Write, change: Change, there: Any, *, once: bool = False) -> Iterator[Turn]:
    """Take the next step of `Cell.update`, or of `Cell.swap`, which is done `once` or never."""
    read = Act("read", write.cell)
    if write.doubt is not None:
        # The answer may be lost and the swap done. What is there now tells.
        if write.doubt:
            yield Turn(read, result=Seen(there))
        elif write.seen and write.seen.current:
            yield Turn(read, result=FAILED)
        else:
            yield Turn(read, None if once else Write(write.cell))
    elif write.seen is None:
        yield after_reading(write, change, Seen(there))
    else:
        yield from _swaps(write, write.seen, change(write.seen.value), once=once)


def after_reading(write: Write, change: Change, seen: Seen) -> Turn:
    """See whether there is anything to change."""
    read = Act("read", write.cell)
    try:
        value = change(seen.value)
    except BudgetExhausted as error:
        return Turn(read, result=error)
    return Turn(read, result=seen) if value is None else Turn(read, write._replace(seen=seen))


def _swaps(write: Write, seen: Seen, value: Any, *, once: bool) -> Iterator[Turn]:
    swap = Act("swap", write.cell, value)
    failed = write._replace(doubt=False)
    yield Turn(swap._replace(how="failed"), failed, fault="failed swap")
    if not seen.current:
        yield Turn(swap._replace(how="too late"), None if once else Write(write.cell))
        return
    yield Turn(swap._replace(how="failed"), failed, fault="late swap")
    yield Turn(swap._replace(how="done"), result=Seen(value), wrote=value)
    lost = Write(write.cell, stale(seen), doubt=True)
    yield Turn(swap._replace(how="lost"), lost, wrote=value, fault="lost swap")
