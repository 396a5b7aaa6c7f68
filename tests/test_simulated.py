"""The promises in many worlds: fleets in made-up time, where much goes wrong at once."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import replace

import pytest

from mintonce import BudgetExhausted, MemoryStore, MintonceError
from simulation import Host, MadeUpTime, Run, World, let_pass

LIVES = 6
"""Lifetimes of a token that each world lasts."""

CALM = World()

# Each alone, and then all together.
ROUGH = {
    "refusals": World(refused=0.5),
    "lost answers": World(lost=0.3, budget=8),
    "a bad line": World(flaky=0.1, budget=12),
    "a slow store": World(slow=0.1),
    "deaths": World(killed=0.3, budget=10),
    "pauses": World(paused=0.3, latency=6.0, budget=10),
    "rejections": World(rejected=0.02, budget=8),
    "callers who leave": World(leaving=0.5),
    "callers who demand much": World(demanding=0.3),
    "clocks that differ": World(skew=10.0, budget=8),
    "everything": World(
        hosts=6,
        latency=6.0,
        refused=0.1,
        lost=0.1,
        flaky=0.02,
        slow=0.02,
        killed=0.1,
        paused=0.1,
        rejected=0.005,
        leaving=0.2,
        demanding=0.1,
        skew=10.0,
        budget=10,
    ),
}


class Fleet:
    """Hosts that run, each with three callers.

    Attributes:
        hosts: Those that are alive.
        callers: The callers of all that ever were.

    """

    def __init__(self, run: Run, until: float) -> None:
        self.callers: list[asyncio.Task[None]] = []
        self._run = run
        self._until = until
        self._values = MemoryStore()
        self.hosts = [self._started() for _ in range(run.world.hosts)]

    async def misbehave(self) -> None:
        """Let hosts die and be replaced, and stand still."""
        loop, chance, world = asyncio.get_running_loop(), self._run.chance, self._run.world
        while loop.time() < self._until:
            await let_pass(world.lifetime / 7)
            for number, host in enumerate(self.hosts):
                if chance.random() < world.killed:
                    host.still_until = math.inf
                    self.hosts[number] = self._started()
                elif chance.random() < world.paused:
                    host.still_until = loop.time() + chance.uniform(0.5, 8.0)

    def _started(self) -> Host:
        host = Host(self._run, self._values)
        calls = (self._run.call(host, self._until) for _ in range(3))
        self.callers += map(asyncio.create_task, calls)
        return host


async def recovered(host: Host) -> bool:
    """Whether a host gets a token in the end, or is told that the budget is spent."""
    for _ in range(200):
        try:
            async with asyncio.timeout(60):
                await host.tokens.get()
        except BudgetExhausted:
            return True
        except MintonceError:
            await let_pass(10)
        else:
            return True
    return False


async def live(world: World, seed: int) -> Run:
    """Let a fleet live through all that, until all is well again, and close what is left of it."""
    run = Run(world, random.Random(seed))
    fleet = Fleet(run, LIVES * world.lifetime)
    await fleet.misbehave()
    run.world = replace(CALM, lifetime=world.lifetime, skew=world.skew)
    for host in fleet.hosts:
        assert await recovered(host)
    async with asyncio.timeout(60):
        for host in fleet.hosts:
            await host.tokens.aclose()
    for caller in fleet.callers:
        if caller.done():
            caller.result()  # raises what no caller should ever see
    return run


def lived(world: World, seed: int) -> Run:
    """Run a world to its end."""
    with asyncio.Runner(loop_factory=MadeUpTime) as runner:
        return runner.run(live(world, seed))


@pytest.mark.parametrize("seed", range(3))
def test_a_calm_world(seed: int) -> None:
    """One request for each life of a token, never two at once, and no error for anybody."""
    run = lived(CALM, seed)
    assert [] == run.errors
    assert [] == run.stale
    assert 1 == run.at_once
    assert LIVES <= len(run.counted) <= LIVES * 1.2 + 1
    assert run.served > 1000


@pytest.mark.parametrize("world", ROUGH.values(), ids=ROUGH)
@pytest.mark.parametrize("seed", range(4))
def test_a_rough_world(world: World, seed: int) -> None:
    """Nobody gets a stale token, every host recovers, and no window has more than its budget."""
    run = lived(world, seed)
    assert [] == run.stale
    assert run.served > 100
    for first, next_one in zip(run.counted, run.counted[world.budget :], strict=False):
        assert next_one - first >= 2 * world.lifetime
