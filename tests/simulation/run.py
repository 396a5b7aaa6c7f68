"""One run: a world, a seed, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from simulation.fleet import Fleet
from simulation.judge import Judge
from simulation.process import Process, pause
from simulation.server import Server
from simulation.store import Kept, Store, Values
from simulation.time import ProcessLoop, Stuck, Timeline
from simulation.world import World, drawn


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        violations: The promises that were broken, and how; the first one ends the run.
        requests: Token requests that were sent.
        served: How often a caller got a token.
        refused: How often one got an error.
        seconds: How long the run was, in made-up time.

    """

    violations: tuple[str, ...]
    requests: int
    served: int
    refused: int
    seconds: float


class Run:
    """All that takes part in one run.

    Attributes:
        world: What goes wrong.
        chance: Decides when.
        timeline: The time.
        epoch: The Unix time at which it begins.
        blows: How many more times a process may be killed, stopped or torn down.
        store_is_down: Whether the store is away.
        server_is_down: Whether the server cannot be reached.
        api_is_hostile: Whether the API rejects every token.
        judge: Sees all.

    """

    def __init__(
        self,
        world: World,
        seed: int,
        write: Callable[[str], object] | None,
        values: Values | None = None,
    ) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.timeline = Timeline()
        self.epoch = 1_700_000_000.0 + self.chance.uniform(0.0, 90_000.0)
        self.blows = self.chance.choice([1, 3, 10, 30])
        self.store_is_down = self.server_is_down = self.api_is_hostile = False
        self._write = write
        self.judge = Judge(self)
        self.store = Store(self, values or Kept())
        self.server = Server(self)
        self.fleet: Fleet = Fleet(self)

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return self.timeline.now

    def fails(self, share: float) -> bool:
        """Whether this is one of the times that something goes wrong."""
        return share > 0.0 and self.chance.random() < share

    def delay(self) -> float:
        """Seconds to the store and back."""
        return self.chance.random() * self.world.distance

    def later(self, seconds: float, do: Callable[..., object], *args: Any) -> None:
        """Have something happen that no process decides on."""
        self._loop.call_later(seconds, do, *args)

    def begin(self, course: Coroutine[Any, Any, None]) -> None:
        """Have things take their course, outside of all processes."""
        self._courses.append(self._loop.create_task(course))

    async def on(self, process: Process, coroutine: Coroutine[Any, Any, None]) -> None:
        """Wait for something that runs in a process, and so only while that runs."""
        task = process.loop.create_task(coroutine)
        done = self._loop.create_future()
        task.add_done_callback(lambda _: done.cancelled() or done.set_result(None))  # type: ignore[func-returns-value]  # nobody wants it
        await done
        if not task.cancelled():
            task.result()

    def note(self, who: object, what: str) -> None:
        """Write down what happens, where somebody wants to know."""
        if self._write:
            self._write(f"{self.now:14.4f}  {who!s:10} {what}")

    async def whole(self) -> None:
        """Live through it all, until all is well again, and close what is left."""
        self._loop = _loop()
        self._courses: list[asyncio.Task[None]] = []
        try:
            await self.fleet.live()
            self.note("", "all is well from here")
            await self._recover()
            await self.fleet.close()
        finally:
            for course in self._courses:
                course.cancel()
            await asyncio.gather(*self._courses, return_exceptions=True)
            await self.fleet.bury()
        self.judge.closes()

    async def _recover(self) -> None:
        self.world = self.world.calmed()
        self.blows = self.chance.choice([1, 3, 10, 30])
        self.store_is_down = self.server_is_down = self.api_is_hostile = False
        await self.fleet.recover()

    async def until_broken(self) -> None:
        """Live until a promise is broken, or to the end."""
        whole = asyncio.ensure_future(self.whole())
        broken = asyncio.ensure_future(self.judge.broken())
        await asyncio.wait([whole, broken], return_when=asyncio.FIRST_COMPLETED)
        for task in (whole, broken):
            task.cancel()
        await asyncio.wait([whole, broken])
        if not whole.cancelled():
            whole.result()


def simulate(
    seed: int,
    world: World | None = None,
    write: Callable[[str], object] | None = None,
    values: Values | None = None,
) -> Outcome:
    """Run one fleet through one world.

    Args:
        seed: Decides on all that is left to chance.
        world: The world; drawn from the seed unless given.
        write: Takes a line for each thing that happens.
        values: What keeps the values of the store; they are in this process unless given.

    """
    random.seed(seed)  # mintonce draws its jitter from there
    run = Run(world or drawn(random.Random(seed)), seed, write, values)
    run.note("", repr(run.world))
    judge = run.judge
    logger = logging.getLogger("mintonce")
    logger.disabled = True  # there is trouble enough to fill any log
    try:
        run.timeline.run(run.until_broken())
    except Stuck as stuck:
        judge.breaks("G8", str(stuck))
    finally:
        logger.disabled = False
    judge.violations.extend(f"left to itself: {text}" for text in run.timeline.complaints)
    return Outcome(
        tuple(judge.violations), len(judge.requests), judge.served, judge.errors, run.now
    )


def _loop() -> ProcessLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ProcessLoop)
    return loop


__all__ = ["Outcome", "Run", "pause", "simulate"]
