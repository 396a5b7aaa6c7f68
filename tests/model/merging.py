"""Steps that need no state of their own, because nobody can tell when they were taken.

An update reads a cell and swaps it. If the swap succeeds, nobody wrote between the two, so the read
may as well have been made just before the swap. If it does not, it changed nothing, and the process
reads again. So each update is one step: reading, and swapping what was read. (Lipton's reduction:
the read can be moved to the right, past everything that others do before the swap.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from model.process import steps
from model.values import Move, Process, Shared, World


def merged(
    process: Process, found: Iterable[Move], shared: Shared, world: World
) -> Iterator[tuple[Process, Move]]:
    """Return the moves, each with what the process was before, and none that can't be noticed."""
    for move in found:
        if _is_unnoticed(process, move):
            onward = steps(move.process, shared, world, dead=False)
            yield from merged(move.process, onward, shared, world)
        else:
            yield process, move


def _is_unnoticed(process: Process, move: Move) -> bool:
    after = move.process.write
    if after is None or move.fault or move.process.beat != process.beat:
        return False
    is_reading = (
        move.act.kind == "read" and process.write is not None and process.write.doubt is None
    )
    is_vain = move.act.how == "too late"
    return is_reading or is_vain or move.act.kind == "begins"
