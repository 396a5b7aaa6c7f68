"""A month of a fleet in made-up time: what it mints, and the least that would have been enough."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from simulation.fleet import Fleet
from simulation.process import Process, pause
from simulation.run import Run
from simulation.world import World

HOUR, DAY = 3600.0, 86_400.0
_DEPLOY_AT = 10.5 * HOUR  # a working day's morning, when most is going on


@dataclass(frozen=True)
class Traffic:
    """When a fleet uses its tokens.

    Attributes:
        opens: Seconds after midnight.
        closes: The same.
        pause: Seconds between two calls of one worker, on average.

    """

    opens: float
    closes: float
    pause: float = 200.0

    def rest(self, now: float, chance: random.Random) -> float:
        """Seconds until a worker calls again."""
        rest = chance.expovariate(1 / self.pause)
        hour = (now + rest) % DAY
        if hour < self.opens:
            return rest + self.opens - hour
        return rest if hour < self.closes else rest + DAY - hour + self.opens


TRAFFIC = {
    "round the clock": Traffic(0, DAY),
    "office hours": Traffic(7.75 * HOUR, 18.25 * HOUR),
}
LIFETIMES = {"an hour": HOUR, "a day": DAY}


class Month(Fleet):
    """Workers that are all replaced once a day.

    Attributes:
        calls: When a token was needed.

    """

    def __init__(self, run: Run, traffic: Traffic, days: float) -> None:
        super().__init__(run)
        self.calls: list[float] = []
        self._traffic = traffic
        self._until = days * DAY

    async def live(self) -> None:
        """Let the month pass."""
        self._set_clocks()
        for _ in range(self._run.world.processes):
            self._start()
        while (left := self._until - self._run.now) > 0:
            await pause(min(left, DAY - (self._run.now - _DEPLOY_AT) % DAY))
            if self._run.now < self._until:
                await self._replace_all()

    async def _replace_all(self) -> None:
        for process in list(self.alive):
            self._run.begin(process.close())
            self.lost(process)
            await pause(5)

    async def _call(self, process: Process) -> None:
        chance = self._run.chance
        await pause(self._traffic.rest(self._run.now, chance))
        while not process.is_closing and self._run.now < self._until:
            self.calls.append(self._run.now)
            await process.call(0.0, None)
            await pause(self._traffic.rest(self._run.now, chance))


@dataclass(frozen=True)
class Bill:
    """What a month cost.

    Attributes:
        calls: How often a token was needed.
        minted: Tokens that were minted.
        least: Tokens that had to be minted, whoever does it and however much he knows.

    """

    calls: int
    minted: int
    least: int


def least(calls: Iterable[float], lifetime: float) -> int:
    """Count the tokens that these calls need: each is minted when one is needed and none lives."""
    minted, expires = 0, float("-inf")
    for call in calls:
        if call >= expires:
            minted, expires = minted + 1, call + lifetime
    return minted


def month(lifetime: float, traffic: Traffic, *, workers: int = 100, days: float = 30.0) -> Bill:
    """Run a fleet for a month.

    Args:
        lifetime: Seconds that a token lives.
        traffic: When tokens are used.
        workers: How many processes there are.
        days: How long the month is.

    """
    random.seed(1)  # mintonce draws its jitter from there
    world = World(processes=workers, tasks=1, hosts=10, lifetime=lifetime, latency=0.5, skew=1.0)
    run = Run(world, 1, None)
    fleet = run.fleet = Month(run, traffic, days)
    run.timeline.run(run.whole())
    assert [] == run.judge.violations
    return Bill(len(fleet.calls), len(run.judge.requests), least(fleet.calls, lifetime))


def main() -> None:
    """Print the table, and fail if a bar is missed."""
    parser = argparse.ArgumentParser(prog="simulation.month", description=__doc__)
    parser.add_argument("--bar", type=float, default=1.03, help="minted over least, at most")
    bar, missed = parser.parse_args().bar, False
    print("| a token lives | traffic | calls | minted | least | ratio |")  # noqa: T201 - a program
    print("| --- | --- | ---: | ---: | ---: | ---: |")  # noqa: T201 - a program
    for life, lifetime in LIFETIMES.items():
        for when, traffic in TRAFFIC.items():
            bill = month(lifetime, traffic)
            ratio = bill.minted / bill.least
            # One more than the least is no sign of waste where there are few.
            missed |= bill.minted > max(bill.least * bar, bill.least + 1)
            print(  # noqa: T201 - a program
                f"| {life} | {when} | {bill.calls} | {bill.minted} | {bill.least} | {ratio:.3f} |",
                flush=True,
            )
    sys.exit(missed)


if __name__ == "__main__":
    main()
