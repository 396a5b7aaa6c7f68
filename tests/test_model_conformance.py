"""The model does what the code does: real managers are followed through it, step by step."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import get_args

import pytest

from model.fleet import Fleet
from model.follower import Follower
from model.passing import MadeUpTime
from model.values import Act, At, World

STEPS = 200


async def live(world: World, seed: int, trouble: float) -> Fleet:
    """Let real managers live, and follow them."""
    fleet = Fleet(world, random.Random(seed), trouble)
    try:
        await fleet.live(STEPS)
    finally:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
    return fleet


def lived(seed: int, trouble: float) -> Fleet:
    """Run one fleet to its end; its size and its budget follow from the seed."""
    world = World(2 + seed % 2, budget=(20, 2)[seed % 3 == 0], hasty=True)
    random.seed(seed)  # the managers draw lots too
    with asyncio.Runner(loop_factory=MadeUpTime) as runner:
        return runner.run(live(world, seed, trouble))


def acts(seeds: int, trouble: float) -> int:
    """Run so many fleets, and return how much they did."""
    return sum(lived(seed, trouble).acts for seed in range(seeds))


@pytest.mark.parametrize("trouble", [0.0, 0.05, 0.15])
def test_real_managers_take_the_steps_of_the_model(trouble: float) -> None:
    """Every operation on the store, what it writes, every request and every result."""
    assert acts(20, trouble) > 300


def test_real_managers_come_to_every_step_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that none of its steps is made up."""
    seen = set[str]()
    saw = Follower.saw

    def noting(follower: Follower, mover: int, act: Act) -> None:
        saw(follower, mover, act)
        seen.update(processes[mover].at for _, processes in follower.states)

    monkeypatch.setattr(Follower, "saw", noting)
    assert acts(40, 0.15)
    assert set() == set(get_args(At)) - seen


OTHERWISE: dict[str, object] = {
    "mintonce.minting.released": lambda record, _: replace(record, lease=None),
    "mintonce.minting.landed": lambda record, _, token: replace(record, token=token),
    "mintonce.lease.HeldLease.firm": True,
    "mintonce.driver.rejected": lambda *_: None,
}
"""What the real managers do, and the model does not."""


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_manager_that_does_something_else_is_noticed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One function of the real code is changed, and the model cannot follow."""
    monkeypatch.setattr(name, OTHERWISE[name])
    with pytest.raises(AssertionError, match="the model"):
        acts(40, 0.15)
