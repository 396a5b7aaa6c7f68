"""Changing the record, and noticing the cool-down that starts with it."""

from __future__ import annotations

from collections.abc import Callable

from mintonce.cell import Cell, Seen
from mintonce.herald import Teller
from mintonce.record import CoolDown, Record


async def change_record(
    cell: Cell[Record],
    change: Callable[[Record], Record | None],
    tell: Teller,
    seen: Seen[Record] | None = None,
) -> Seen[Record]:
    """Apply `change` to the record until it sticks; see `Cell.update`.

    Raises:
        StoreError: It was not done, or cannot be known.

    """
    before = Record()

    def noting(record: Record) -> Record | None:
        nonlocal before
        before = record
        return change(record)

    after = await cell.update(noting, seen)
    cool_down = after.value.cool_down
    if cool_down and cool_down != before.cool_down:
        tell_cool_down(cool_down, tell, shared=True)
    return after


def tell_cool_down(cool_down: CoolDown, tell: Teller, *, shared: bool) -> None:
    """Tell that it has started."""
    from mintonce.events import CoolDownStarted  # noqa: PLC0415 - told seldom

    tell(
        CoolDownStarted(
            trouble=cool_down.trouble,
            message=cool_down.message,
            seconds=cool_down.seconds,
            until=cool_down.until,
            shared=shared,
        )
    )
