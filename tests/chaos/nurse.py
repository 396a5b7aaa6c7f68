"""The parent's view of a nursery: fork children, kill or stop them, and hear what they report."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from filing import unmeasured
from fleet import Worker
from managing import eventually

T = TypeVar("T")

ATTEMPTS = 3

PATIENCE = 30.0
"""Seconds that children may take for anything; only one that hangs takes so many."""

STARVED = 0.5
"""Seconds in which a process that lives misses a beat. The promises are for machines on which the
processes get to run, so what takes longer there shows nothing."""


class Late(AssertionError):
    """What was to happen at a certain moment would have come after it."""


@dataclass(eq=False)
class Nurse(Worker):
    """One process that forks children.

    Attributes:
        reports: What the children reported, in order.
        halted: Those that were stopped on purpose.

    """

    PROGRAM: ClassVar = Path(__file__).with_name("nursery.py")

    reports: list[dict[str, Any]] = field(default_factory=list)
    halted: set[int] = field(default_factory=set)

    async def have(self, do: str, **options: Any) -> dict[str, Any]:
        """Have something done, in time, and return the answer.

        Raises:
            Late: The moment for it has passed.

        """
        async with asyncio.timeout(PATIENCE):
            answer = await self.ask(do, **options)
        if "late" in answer:
            raise Late(answer["late"])
        return answer

    async def fork(self, job: str, children: int = 1, **order: Any) -> list[int]:
        """Fork so many children for a job, and return their ids."""
        answer = await self.have("start", job=job, children=children, order=order)
        return [*answer["pids"]]

    async def kill_child(self, pid: int) -> float:
        """Kill a child; when, on the steady clock. All that it reported has been heard by now."""
        return float((await self.have("kill", pid=pid))["at"])

    async def heard(self, pids: list[int]) -> list[dict[str, Any]]:
        """Wait until each of these has reported once, and return the reports."""
        mine: list[dict[str, Any]] = []

        def all_there() -> bool:
            mine[:] = [report for report in self.reports if report.get("pid") in pids]
            return len(mine) == len(pids)

        await eventually(all_there, seconds=PATIENCE)
        return mine

    async def tokens(self, pids: list[int]) -> list[str]:
        """Wait until each of these got a token, and return the fingerprints."""
        reports = await self.heard(pids)
        assert [] == [report for report in reports if "raised" in report], reports
        return [report["token"] for report in reports]

    def starved(self, since: int) -> bool:
        """Whether the machine kept one of those that reported from running, and so from its beats.

        Args:
            since: How many reports there were before.

        """
        return any(
            report.get("starved", 0.0) > STARVED and report["pid"] not in self.halted
            for report in self.reports[since:]
        )

    async def reap(self, pids: list[int]) -> None:
        """Wait until these have ended, all of them well."""
        assert {"failed": 0} == await self.have("reap", pids=pids)

    def _hear(self, reply: dict[str, Any]) -> None:
        if "number" in reply:
            super()._hear(reply)
        else:
            self.reports.append(reply)


async def judged(nurse: Nurse, act: Callable[[Path], Awaitable[T]], place: Path) -> T:
    """Act in a directory below `place`; again, if it went wrong where processes could not run."""
    for attempt in range(1, ATTEMPTS):
        reports = len(nurse.reports)
        try:
            return await act(place / str(attempt) / "tokens")
        except AssertionError as error:
            if not isinstance(error, Late) and not nurse.starved(reports):
                raise
    return await act(place / str(ATTEMPTS) / "tokens")


@asynccontextmanager
async def nursery(*, warm: bool = True, store_url: str | None = None) -> AsyncIterator[Nurse]:
    """A process that forks children, of which none outlives the block.

    They have imported what mints, unless they are not `warm`, and what opens the store.
    """
    # Coverage is slow to fork, and what runs here runs elsewhere under its eyes.
    paths = [os.environ.get("PYTHONPATH", ""), str(Nurse.PROGRAM.parents[1])]
    env = {**unmeasured(), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    nurse = await Nurse.start({"warm": warm, "store": store_url}, env=env)
    try:
        yield nurse
    finally:
        async with asyncio.timeout(PATIENCE):
            await nurse.close()
