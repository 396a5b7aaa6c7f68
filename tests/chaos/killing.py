"""Holders of the lease that are killed in mid-mint, with whatever store."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import chaos
from chaos.nurse import Late, nursery
from chaos.scene import Scene, scene
from managing import moment
from mintonce.testing import Fault

LATENCY = 0.2
HEARTBEAT = 0.7
BUDGET = 3  # requests for each round: one that is lost, one for all others, and one to spare


async def kill_the_holder(scene: Scene, crowd: int, *, asked: bool, pause: float) -> float:
    """Kill whoever mints, and return how long it took until the last of the others was served.

    Args:
        scene: Nobody runs there, and no token is stored.
        crowd: How many want a token.
        asked: Kill it while the server answers; otherwise as soon as it has the lease.
        pause: Seconds by which the blow is late.

    Raises:
        Late: Nobody can tell: the machine kept them from running, or the blow came too late.

    """
    server, nurse = scene.server, scene.nurse
    before, reports = server.requests, len(nurse.reports)
    if asked:
        server.heal()
        server.fail(Fault.latency(60))
    all_of_them = await scene.fork(crowd)
    if asked:
        await scene.asked(before + 1)
    holder = await scene.holder()
    await moment(pause)
    killed_at = await nurse.kill_child(holder)
    others = [pid for pid in all_of_them if pid != holder]
    await nurse.heard(others)
    await nurse.reap(others)
    is_late = any(report.get("pid") == holder for report in nurse.reports)
    if is_late or nurse.starved(reports):
        raise Late("it had minted, or the others did not get to run")
    assert {server.log[-1].fingerprint} == {*await nurse.tokens(others)}
    assert server.requests - before in ({2} if asked else {1, 2})
    return max(float(report["at"]) for report in nurse.reports[reports:]) - killed_at


async def spend_the_rest(scene: Scene) -> str:
    """Mint until that is refused, and return by what."""
    scene.server.latency = 0
    while True:
        await scene.record.delete()
        (report,) = await scene.nurse.heard(await scene.fork())
        if "raised" in report:
            return str(report["raised"])


async def kill_holders(
    directory: Path, rounds: int, *, warm: bool, crowd: int = 4, store_url: str | None = None
) -> None:
    """Kill holders until the budget is spent.

    Half of them are killed while the server answers. Those who are not warm have to import first
    what mints. The store is in files in this directory, unless it is another one.
    """
    name = f"killed {warm}" if store_url is None else f"killed {urlsplit(store_url).scheme}"
    chance, took, budget = chaos.chance(name), list[float](), BUDGET * rounds
    async with (
        nursery(warm=warm, store_url=store_url) as nurse,
        scene(nurse, directory, budget=budget, store_url=store_url) as there,
    ):
        there.server.latency = LATENCY
        for number in range(rounds):
            asked = (number + warm) % 2 == 1
            pause = chance.uniform(0, HEARTBEAT if asked else LATENCY / 2)
            with suppress(Late):
                took.append(await kill_the_holder(there, crowd, asked=asked, pause=pause))
            assert there.server.requests <= await there.counted()
            await there.record.delete()
        unsent = await there.counted() - there.server.requests
        assert 0 <= unsent <= rounds
        assert "BudgetExhausted" == await spend_the_rest(there)
        assert budget == await there.counted() == there.server.requests + unsent
    seconds = f"{median(took):.2f} s (median), {max(took):.2f} s (at most)" if took else "unknown"
    chaos.tell(
        f"{rounds} holders killed, {'all' if warm else 'nothing'} imported beforehand"
        f"{f', store {urlsplit(store_url).scheme}' if store_url else ''}: the last of"
        f" the others served after {seconds}, of which the answer {LATENCY} s;"
        f" {rounds - len(took)} not judged, because the machine kept processes from running;"
        f" budget {budget}, requests {there.server.requests}, reserved and never sent {unsent}"
    )
    assert max(took, default=0) < chaos.TAKEOVER + LATENCY + chaos.BUSY
    assert len(took) > rounds / 2 or not chaos.FULL
