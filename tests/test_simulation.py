"""The promises in many worlds: fleets of real managers in made-up time, where much goes wrong.

Here are a few of them; ``nox -s simulation`` runs twenty thousand.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.process import pause
from simulation.run import simulate
from simulation.time import ProcessLoop, Stuck, Timeline
from simulation.world import TROUBLES, World

TESTS = Path(__file__).parent


@pytest.mark.parametrize("first", range(1, 200, 20))
def test_no_promise_is_broken(first: int) -> None:
    """Worlds drawn by chance: the judge has nothing to say."""
    for seed in range(first, first + 20):
        assert () == simulate(seed).violations, f"python -m simulation --seed {seed}"


@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_trouble_alone(trouble: str) -> None:
    """What can go wrong goes wrong often, and nothing else does."""
    world = World(eager=True).troubled({trouble: 0.3})
    outcomes = [simulate(seed, world) for seed in range(3)]
    assert [()] * 3 == [outcome.violations for outcome in outcomes]
    assert all(outcome.served for outcome in outcomes)


def test_a_calm_world_spends_no_more_than_it_must() -> None:
    """Many callers, one request for each life of a token, and no error."""
    outcome = simulate(1, World(processes=20, tasks=5, lives=4.5))
    assert (0, 5) == (outcome.refused, outcome.requests)
    assert outcome.served > 300


def test_one_seed_is_one_run() -> None:
    """The same seed does the same things, in another process too."""
    lines: list[str] = []
    simulate(13, write=lines.append)
    command = [sys.executable, "-m", "simulation", "--seed", "13"]
    again = subprocess.run(command, cwd=TESTS, check=True, capture_output=True, text=True)
    assert "\n".join(lines) in again.stdout
    assert len(lines) > 50


def test_many_runs_are_summed_up() -> None:
    """The program that runs many says how many it ran, and what it saw."""
    command = [sys.executable, "-m", "simulation", "--runs", "20"]
    run = subprocess.run(command, cwd=TESTS, check=True, capture_output=True, text=True)
    assert re.match(r"20 runs, .* 0 runs in which a promise was broken", run.stdout)


def test_a_process_that_stands_still_does_nothing() -> None:
    """Time passes for the others, and what it would have done it does when it goes on."""
    timeline = Timeline()
    seen: list[float] = []

    async def work() -> None:
        while True:
            await pause(1.0)
            seen.append(timeline.now)

    async def main() -> None:
        loop = ProcessLoop(timeline)
        task = loop.create_task(work())
        await pause(2.5)
        loop.stop()
        await pause(10.0)
        loop.go_on()
        await pause(1.5)
        task.cancel()

    timeline.run(main())
    assert [1.0, 2.0, 12.5, 13.5] == seen


def test_waiting_for_nothing_is_noticed() -> None:
    """A run that can never end is an error."""
    with pytest.raises(Stuck):
        Timeline().run(asyncio.Event().wait())
