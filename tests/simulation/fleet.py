"""The processes of a run, those that call for tokens in them, and the course of events."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from simulation.process import Host, Process, pause
from simulation.service import LONGEST_WAIT

if TYPE_CHECKING:
    from simulation.run import Run

_LONGEST = 10_000.0  # seconds until a fleet has recovered: the longest cool-down is 7200


class Fleet:
    """The processes, alive and dead.

    Attributes:
        alive: Those that run.

    """

    def __init__(self, run: Run) -> None:
        self.alive: list[Process] = []
        self._run = run
        self._dead: list[Process] = []
        self._is_over = False
        self._numbers = itertools.count(1)
        skew = run.world.skew / 2
        self._hosts = [Host(run.chance.uniform(-skew, skew)) for _ in range(run.world.hosts)]
        self._until = run.world.lifetime * run.world.lives

    def lost(self, process: Process) -> None:
        """Replace a process that is no more."""
        if process in self.alive:
            self.alive.remove(process)
            self._dead.append(process)
            self._run.later(self._run.chance.uniform(0.0, 5.0), self._start)

    async def live(self) -> None:
        """Let the fleet run as long as it should."""
        run, world = self._run, self._run.world
        self._set_clocks()
        for _ in range(world.processes):
            # Most start together; in some fleets they do not.
            run.later(run.chance.choice([0.0, 0.0, 0.1, 5.0]) * run.chance.random(), self._start)
        self._begin()
        await pause(self._until)

    async def recover(self) -> None:
        """Wait until every process has a token, or is told that the budget is spent."""
        run = self._run
        await pause(30)  # whoever was stopped or is to be replaced is back by then
        deadline = run.now + _LONGEST
        for process in list(self.alive):
            # Nobody dies any more, but one may be about to.
            while not (process.is_dead or process.is_closing):
                served = await self._served(process)
                if served or run.judge.is_excused(process):
                    break
                if run.now > deadline:
                    run.judge.breaks("G8", f"{process} never recovered")
                    return
                await pause(5)

    async def _served(self, process: Process) -> bool:
        found: list[object] = []

        async def call() -> None:
            found.append(await process.call(0.0, LONGEST_WAIT))

        await self._run.on(process, call())
        return any(found)  # nothing at all if it was torn down meanwhile

    async def close(self) -> None:
        """Close those that are alive."""
        for process in self.alive:
            if not process.is_closing:
                await process.close()

    async def bury(self) -> None:
        """Let those that were killed, and those that are left over, come to nothing."""
        self._is_over = True
        for process in (*self._dead, *self.alive):
            await process.bury()

    def _start(self) -> None:
        run = self._run
        if self._is_over:
            return
        process = Process(run, f"p{next(self._numbers)}", run.chance.choice(self._hosts))
        self.alive.append(process)
        process.callers = [
            process.loop.create_task(self._call(process)) for _ in range(run.world.tasks)
        ]

    async def _call(self, process: Process) -> None:
        """Be a task that uses tokens."""
        run, chance = self._run, self._run.chance
        while run.now < self._until and not process.is_closing:
            need = run.world.demand if run.fails(run.world.demanding) else 0.0
            patience = chance.choice([0.0, 0.1, 1.0, 3.0]) * chance.random()
            token = await process.call(need, patience if run.fails(run.world.leaving) else None)
            if token:
                await pause(run.delay())
                if run.api_is_hostile or run.fails(run.world.revokes):
                    run.judge.revoke(token.access_token)
                if not run.judge.is_alive(token.access_token) and not process.is_closing:
                    await process.report(token)
            await pause(self._rest())

    def _rest(self) -> float:
        """Seconds until a task calls again."""
        run, chance = self._run, self._run.chance
        if run.world.eager and chance.random() < 0.5:
            # When the token is about to expire, or has: with all the others.
            left = run.judge.expires - run.now + chance.choice([-10.0, -1.0, 0.0, 0.1])
            if left > 0:
                return left
        often = chance.choice([3, 3, 30]) / max(1.0, run.world.callers / 30)
        return chance.random() * run.world.lifetime / often

    # The course of events, outside of all processes.

    def _begin(self) -> None:
        run, world = self._run, self._run.world
        for name, share in (
            ("store_is_down", world.store_down),
            ("server_is_down", world.down),
            ("api_is_hostile", world.hostile_api),
        ):
            if share:
                run.begin(self._come_and_go(name, share))
        if world.deployed:
            run.begin(self._deploy())
        if world.steps:
            run.begin(self._step_clocks())
        if world.rotates:
            run.begin(self._rotate())

    async def _come_and_go(self, name: str, share: float) -> None:
        run = self._run
        length = run.world.lifetime * run.chance.choice([0.02, 0.2, 1.0])
        while True:
            await pause(run.chance.uniform(0.0, 2.0) * length * (1 - share) / share)
            run.note("", f"{name}: yes")
            setattr(run, name, True)
            await pause(run.chance.uniform(0.5, 1.5) * length)
            run.note("", f"{name}: no")
            setattr(run, name, False)

    async def _deploy(self) -> None:
        run = self._run
        while True:
            await pause(run.chance.uniform(0.0, 2.0) * run.world.lifetime / run.world.deployed)
            for process in list(self.alive):
                if not process.is_closing:
                    run.begin(process.close())
                    self.lost(process)
                await pause(run.chance.uniform(0.0, 1.0))

    async def _step_clocks(self) -> None:
        run = self._run
        while True:
            await pause(run.chance.uniform(0.0, 2.0) * run.world.lifetime / run.world.steps)
            host = run.chance.choice(self._hosts)
            host.off = run.chance.uniform(-1.0, 1.0) * run.chance.choice([1.0, 10.0, 120.0])
            run.note("", f"a clock is set, and is {host.off:.1f} s off")
            self._set_clocks()

    def _set_clocks(self) -> None:
        for host in self._hosts:
            self._run.judge.sees_clock(host.off)

    async def _rotate(self) -> None:
        run = self._run
        while True:
            await pause(run.chance.uniform(0.0, 2.0) * run.world.lifetime / run.world.rotates)
            run.server.secret += 1
            run.note("", f"the secret is number {run.server.secret} now")
            for process in list(self.alive):
                await pause(run.chance.random() * run.chance.choice([0.1, 30.0]))
                process.secret = run.server.secret
