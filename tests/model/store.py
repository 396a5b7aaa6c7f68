"""What a write means to the store, and to those who saw what was there before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from model.values import Cell, Coming, Move, Process, Shared, Write
from model.writes import Turn, overtaken, stale


def put(turn: Turn, cell: Cell, process: Process, shared: Shared, *, of: str) -> Shared:
    """Return what all have in common after an operation of this process."""
    if turn.fault == "late swap":
        return shared._replace(
            coming=Coming(process.name, cell, turn.act.value, (of, process.tries))
        )
    return shared if turn.wrote is None else _with(turn.wrote, cell, shared)


def overtaken_by(process: Process, cell: Cell) -> Process:
    """Return what becomes of a process when somebody else writes to a cell."""
    if process.write and process.write.cell == cell:
        process = process._replace(write=overtaken(process.write))
    if cell == "ledger":
        return process
    if process.at == "look":  # all that it wants to know is how long the record stood still
        return process._replace(seen=None)
    return process._replace(seen=stale(process.seen), beat=overtaken(process.beat))


def written(move: Move) -> Cell | None:
    """Return the cell that a move writes to."""
    act = move.act
    return act.cell if act.kind == "swap" and act.how in {"done", "lost"} else None


def arrivals(shared: Shared, processes: tuple[Process, ...]) -> Iterator[tuple[Process, ...]]:
    """Return what becomes of the processes when a swap arrives that its caller had given up."""
    if coming := shared.coming:
        others = tuple(overtaken_by(process, coming.cell) for process in processes)
        yield others
        found = _found(processes[coming.by], others[coming.by], coming)
        yield (*others[: coming.by], found, *others[coming.by + 1 :])


def arrived(shared: Shared) -> Shared:
    """Return what all have in common then."""
    return _with(shared.coming.value, shared.coming.cell, shared) if shared.coming else shared


def _found(before: Process, process: Process, coming: Coming) -> Process:
    """Return the one that wrote it, if it still is to see whether that was done."""

    def is_found(write: Write | None, of: str) -> bool:
        in_doubt = write is not None and write.doubt is False
        return in_doubt and coming.of == (of, process.tries)

    if process.write and is_found(before.write, before.at):
        process = process._replace(write=process.write._replace(doubt=True))
    if process.beat and is_found(before.beat, "beat"):
        process = process._replace(beat=process.beat._replace(doubt=True))
    return process


def _with(value: Any, cell: Cell, shared: Shared) -> Shared:
    coming = shared.coming if shared.coming and shared.coming.cell != cell else None
    if cell == "record":
        return shared._replace(record=value, coming=coming)
    # What is settled is history: nothing asks for it any more.
    open_ones = tuple(mint for mint in value.mints if mint.outcome == "sent")
    return shared._replace(ledger=replace(value, mints=open_ones), coming=coming)
