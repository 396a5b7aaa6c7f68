"""Writers of a file store, killed at random moments: what they had confirmed is there, and no more.

Each writer changes a record and a ledger in turn, and reports each change that is done. So it is
known what has to be in the files; and each writer may have died between a change and its report.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import chaos
from chaos.nurse import PATIENCE, Nurse, nursery
from chaos.offspring import grown
from filing import names
from managing import eventually, moment
from mintonce.books import Books
from mintonce.cell import Cell
from mintonce.record import Record
from mintonce.stores import FileStore

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL"),
]

CROWD = 4
WRITERS = chaos.times(40, 1000)
EXPECTED = {"record", "record.lock", "ledger", "ledger.lock"}


class Files:
    """What is in the files, read as every process reads it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        store = FileStore(directory)
        self.record: Cell[Record] = Cell(
            store, "record", Record, writer="judge", ttl=lambda _: 60.0
        )
        self.ledger = Books(store, "ledger", (), writer="judge").cell

    async def changes(self) -> int:
        """How often the record was changed; it is whole."""
        record = (await self.record.read()).value
        if record.failures:
            assert grown(Record(failures=record.failures - 1)).by == record.by
        return record.failures

    async def reservations(self) -> int:
        """How many mints the ledger counts; both of its counts say the same."""
        ledger = (await self.ledger.read()).value
        counted = sum(number for _, number in ledger.told)
        assert counted == sum(number for _, number in ledger.counts)
        return counted

    def litter(self) -> set[str]:
        """Half-written files; nothing else is there that does not belong there."""
        others = names(self._directory) - EXPECTED
        assert [] == [name for name in others if not name.endswith(".tmp")]
        return others


async def at_work(nurse: Nurse, directory: Path) -> list[int]:
    """Start some writers, and return their ids once the first of them has written something."""
    before = len(nurse.reports)
    writers = await nurse.fork("write", CROWD, directory=str(directory))
    await eventually(lambda: len(nurse.reports) > before, seconds=PATIENCE)
    return writers


async def kill_all(nurse: Nurse, writers: list[int], pauses: list[float]) -> None:
    """Kill one after another, while the rest goes on."""
    for writer, pause in zip(writers, pauses, strict=True):
        await moment(pause)
        await nurse.kill_child(writer)


async def test_writers_that_are_killed(tmp_path: Path) -> None:
    """No file that cannot be read, no change lost, none made up, and no litter that grows."""
    chance, files = chaos.chance("writers"), Files(tmp_path / "tokens")
    killed, littered, most = 0, 0, 0
    changes = reservations = 0
    async with nursery() as nurse:
        for _ in range(WRITERS // CROWD):
            writers = await at_work(nurse, tmp_path / "tokens")
            await kill_all(nurse, writers, [chance.uniform(0, 0.03) for _ in writers])
            killed += CROWD
            reported = [report["record"] for report in nurse.reports if "record" in report]
            assert len(reported) == len(set(reported)), "two writers made the same change"
            changes, reservations = await files.changes(), await files.reservations()
            assert max(reported, default=0) <= changes
            assert len(reported) <= changes <= len(reported) + killed
            reserved = sum("reserved" in report for report in nurse.reports)
            assert reserved <= reservations <= reserved + killed
            # Of each file at most one: whoever writes next removes it.
            left = files.litter()
            assert len(left) == len({name.split(".")[0] for name in left})
            littered, most = littered + bool(left), max(most, len(left))
    await files.record.update(grown)
    await files.ledger.update(lambda ledger: ledger)
    assert set() == files.litter()
    assert littered or not chaos.FULL, (
        "no writer was killed while it wrote, so this has shown little"
    )
    chaos.tell(
        f"writers: {killed} killed, {changes} changes of the record and {reservations} mints"
        f" confirmed or found, {changes - len(reported)} + {reservations - reserved} of them done"
        f" but not yet reported, 0 unreadable, 0 lost; litter after {littered} of"
        f" {killed // CROWD} rounds, {most} files at most, 0 at the end"
    )
