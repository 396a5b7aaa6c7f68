"""A fleet of worker processes under load, some of which are killed and started again."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from mintonce.cli.children import child
from mintonce.cli.demo_worker import Job


@dataclass(slots=True)
class Tally:
    """What a fleet has done so far.

    Attributes:
        goal: The tasks that are to be done.
        tokens: The tasks that got a token that the API took.
        killed: Processes that were killed.
        restarts: Those that were started again: all but those that had just finished.
        errors: What went wrong.
        first: When the first task was done, in Unix seconds.
        last: When the last one was.

    """

    goal: int
    tokens: int = 0
    killed: int = 0
    restarts: int = 0
    errors: list[str] = field(default_factory=list[str])
    first: float = 0.0
    last: float = 0.0

    def note(self, *, at: float, trouble: str | None) -> None:
        """Count a task that has ended."""
        self.first = min(self.first or at, at)
        self.last = max(self.last, at)
        if trouble:
            self.errors.append(trouble)
        else:
            self.tokens += 1


@dataclass(slots=True, eq=False)
class _Worker:
    """One place in the fleet.

    Attributes:
        left: The tasks that nobody has reported as done.
        done: What the present process has reported.
        process: The present process.
        killed: Whether it was killed.

    """

    left: int
    done: int = 0
    process: Process | None = None
    killed: bool = False


class Fleet:
    """Workers that share a job description, and are kept running until all is done.

    Args:
        job: What each of them does.
        workers: How many there are.
        kills: How many of them are killed on the way, spread over the run.
        environment: What they find in their environment.

    """

    def __init__(
        self, job: Job, *, workers: int, kills: int, environment: Mapping[str, str]
    ) -> None:
        self.tally: Tally = Tally(workers * job.tasks)
        self._job = job
        self._kills = kills
        self._environment = environment
        self._workers = [_Worker(job.tasks) for _ in range(workers)]

    async def run(self) -> Tally:
        """Return when all tasks are done."""
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(self._keep_running(worker))
        return self.tally

    async def _keep_running(self, worker: _Worker) -> None:
        while worker.left:
            code = await self._run(worker)
            if not worker.killed:
                if code or worker.left:
                    self.tally.errors.append(f"a worker ended early, with exit code {code}")
                return
            self.tally.restarts += bool(worker.left)

    async def _run(self, worker: _Worker) -> int:
        job = replace(self._job, tasks=worker.left).as_argument()
        async with child(
            "mintonce.cli.demo_worker", job, environment=self._environment
        ) as worker.process:
            worker.done, worker.killed = 0, False
            assert worker.process.stdout  # noqa: S101 - it is a pipe
            async for line in worker.process.stdout:
                self.tally.note(**json.loads(line))
                worker.left -= 1
                worker.done += 1
                self._kill_in_time()
            return await worker.process.wait()

    def _kill_in_time(self) -> None:
        """Kill one when the next part of all tasks is done."""
        tally = self.tally
        if tally.killed < self._kills and (
            tally.tokens * (self._kills + 1) >= tally.goal * (tally.killed + 1)
        ):
            # Whoever has been at work for longest, so that different ones are met.
            worker = max(self._workers, key=lambda worker: worker.done * bool(worker.left))
            if worker.process and worker.left and not worker.killed:
                with suppress(ProcessLookupError):
                    worker.process.kill()
                tally.killed += 1
                worker.killed = True
