"""Runs the demo: the same load twice, once with one store for all, once with none."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mintonce.cli.children import end_in_order
from mintonce.cli.demo_fleet import Fleet
from mintonce.cli.demo_judge import Judge, judge
from mintonce.cli.demo_verdict import Part, Promise, verdict
from mintonce.cli.demo_view import View
from mintonce.cli.demo_worker import Job
from mintonce.cli.secret import VARIABLE

BUDGET = 1000
"""Token requests in a month."""

LIFETIME = 4
"""Seconds that a token lives: so short that it is renewed in the run."""

_PAUSE = 0.015  # seconds between two tasks of a worker: 250 of them take longer than a token lives


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the load is.

    Attributes:
        workers: Processes.
        tasks: Tasks of each of them.
        broken: Leave the store away where it should be shared, so that promises are broken.

    """

    workers: int
    tasks: int
    broken: bool = False

    @property
    def kills(self) -> int:
        """How many processes are killed: half of them."""
        return self.workers // 2


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it.

    Attributes:
        shared: The load with one store for all.
        alone: The same load where every process mints for itself.
        promises: What the first was to show.
        seconds: How long all of it took.

    """

    shared: Part
    alone: Part
    promises: list[Promise]
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return all(promise.kept for promise in self.promises)


async def run(plan: Plan, view: View) -> Result:
    """Run both parts. Whatever happens, no process and no file is left."""
    end_in_order()
    started = time.perf_counter()
    with TemporaryDirectory(prefix="mintonce-demo-") as directory:
        environment = _environment(Path(directory))
        async with judge(lifetime=LIFETIME, quota=BUDGET, environment=environment) as server:
            load = _Load(plan, view, server, environment)
            shared = _job(plan, server, Path(directory, "tokens").as_uri())
            alone = replace(shared, store=None)
            first = await load.run("one store for all", alone if plan.broken else shared)
            async with shared.manager() as tokens:
                status = await tokens.status()
            second = await load.run("each for itself", alone)
    promises = verdict(first, status, lifetime=LIFETIME)
    return Result(first, second, promises, time.perf_counter() - started)


def _environment(directory: Path) -> dict[str, str]:
    environment = {VARIABLE: secrets.token_urlsafe()}
    if sys.dont_write_bytecode:
        # To compile everything anew in each process would take longer than all the rest.
        environment["PYTHONPYCACHEPREFIX"] = str(directory / "bytecode")
        environment["PYTHONDONTWRITEBYTECODE"] = ""
    return environment


def _job(plan: Plan, server: Judge, store: str) -> Job:
    return Job(
        token_url=server.token_url,
        client_id=server.client_id,
        api=server.resource_url,
        store=store,
        budget=BUDGET,
        tasks=plan.tasks,
        pause=_PAUSE,
    )


@dataclass(frozen=True, slots=True)
class _Load:
    plan: Plan
    view: View
    server: Judge
    environment: Mapping[str, str]

    async def run(self, name: str, job: Job) -> Part:
        """Have all tasks done by as many processes as are planned."""
        before, started = await self.server.count(), time.perf_counter()
        plan = self.plan
        fleet = Fleet(job, workers=plan.workers, kills=plan.kills, environment=self.environment)
        running = asyncio.create_task(fleet.run())
        try:
            while True:
                await asyncio.wait([running], timeout=self.view.interval)
                count = (await self.server.count()).since(before)
                self.view.show(name, fleet.tally, count.requests)
                if running.done():
                    return Part(running.result(), count, time.perf_counter() - started)
        finally:
            running.cancel()
            await asyncio.wait([running])
