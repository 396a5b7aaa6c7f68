"""Forks at random moments of a flight: the children wait for their parent, or take over from it."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest

import chaos
from chaos.nurse import Nurse, judged, nursery
from chaos.scene import Scene, scene
from managing import eventually
from mintonce.testing import Fault

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
]

FAMILIES = chaos.times(2, 30)
CHILDREN = 8
LATENCY = 0.2
HEARTBEAT = 0.7


async def family(scene: Scene, pauses: list[float], *, reserved: bool) -> tuple[int, list[int]]:
    """Start a process that forks in the middle of its flight; it, and its children.

    Args:
        scene: Nobody runs there, and no token is stored.
        pauses: Seconds before each fork.
        reserved: Begin with that once it has reserved its mint; otherwise at once.

    """
    order = {**scene.order, "pauses": pauses, "reserved": reserved}
    (parent,) = await scene.nurse.fork("fork", **order)
    forked: list[int] = []

    def all_there() -> bool:
        for report in scene.nurse.reports:
            if report.get("parent") == parent:
                forked[:] = report["forked"]
        return bool(forked)

    await eventually(all_there, seconds=30)
    return parent, forked


async def parent_lives(nurse: Nurse, pauses: list[float], directory: Path) -> None:
    """There is one request in all, and the flight of the parent goes on as if it were alone.

    It may be that of a child which was forked before its parent had the lease.
    """
    async with scene(nurse, directory, budget=10) as there:
        there.server.latency = LATENCY
        parent, children = await family(there, pauses, reserved=False)
        tokens = await nurse.tokens([parent, *children])
        assert {there.server.log[0].fingerprint} == {*tokens}
        await nurse.reap([parent])
        assert 1 == there.server.requests
        assert ["minted"] == await there.outcomes()


async def parent_dies(nurse: Nurse, pauses: list[float], directory: Path) -> float:
    """One of the children takes over, in time; they have inherited neither lease nor lock."""
    async with scene(nurse, directory, budget=10) as there:
        there.server.latency = LATENCY
        there.server.fail(Fault.latency(60))
        parent, children = await family(there, pauses, reserved=True)
        await there.asked(1)
        killed_at = await nurse.kill_child(parent)
        tokens = await nurse.tokens(children)
        assert {there.server.log[1].fingerprint} == {*tokens}
        assert 2 == there.server.requests == await there.counted()
        seconds = max(float(report["at"]) for report in await nurse.heard(children)) - killed_at
        assert seconds < chaos.TAKEOVER + LATENCY + chaos.BUSY
        return seconds


async def test_forks_in_mid_flight(tmp_path: Path) -> None:
    """Each child goes its own way to the token, and none asks for one that is on its way."""
    chance, took = chaos.chance("forks"), list[float]()

    def within(seconds: float) -> list[float]:
        return [chance.expovariate(CHILDREN / seconds) for _ in range(CHILDREN)]

    async with nursery() as nurse:
        for number in range(FAMILIES // 2):
            lives = partial(parent_lives, nurse, within(2 * LATENCY))
            dies = partial(parent_dies, nurse, within(HEARTBEAT))
            _, seconds = await asyncio.gather(
                judged(nurse, lives, tmp_path / f"{number}-lives"),
                judged(nurse, dies, tmp_path / f"{number}-dies"),
            )
            took.append(seconds)
    chaos.tell(
        f"{FAMILIES * CHILDREN} children forked in mid-flight: one request while the parent lives,"
        f" two if it is killed; its children then served after {max(took):.2f} s at most, of which"
        f" the answer {LATENCY} s"
    )
