"""Holders of the lease, stopped for longer than it lives: another takes over, and stays.

A process that goes on late believes that it still mints. It gets an answer, a token or an error,
and must neither overwrite what is newer nor give back a lease that is not its own any more.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

import chaos
from chaos.nurse import Late, Nurse, judged, nursery
from chaos.scene import Scene, pid_of, scene
from managing import moment
from mintonce.testing import Fault

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGSTOP"),
]

ROUNDS = chaos.times(1, 10)
ANSWER = 1.0
"""Seconds that the first answer takes: it is there when its process goes on."""

WHILE_IT_MINTS = 1.5
"""Seconds that the second answer takes, so that the late process comes in between."""

FAULTS = {"minted": Fault.latency(ANSWER), "refused": Fault.status(503).after(ANSWER)}


async def stop_one(scene: Scene, *, asked: bool = True, pause: float = 0.0) -> int:
    """Start a process that mints, and stop it while the server answers, or before it is asked."""
    (late,) = await scene.fork()
    if asked:
        await scene.asked(1)
        await moment(pause)
    await scene.halt(late, reserved=not asked)
    return late


async def late_for_another_mint(nurse: Nurse, answer: str, pause: float, directory: Path) -> None:
    """One that comes back when another has minted gets that token, and writes nothing."""
    async with scene(nurse, directory, budget=10) as there:
        there.server.fail(FAULTS[answer])
        late = await stop_one(there, pause=pause)
        others = await there.fork(2)
        await nurse.tokens(others)
        new, before = there.server.log[-1].fingerprint, await there.raw()
        await there.resume(late)
        assert {new} == {*await nurse.tokens([late, *others])}
        assert before == await there.raw()
        await nurse.reap([late, *others])
        assert [answer, "minted"] == await there.outcomes()
        assert 2 == there.server.requests


async def late_in_another_mint(nurse: Nurse, answer: str, pause: float, directory: Path) -> None:
    """One that comes back while another mints leaves that one its lease, and the last word."""
    async with scene(nurse, directory, budget=10) as there:
        there.server.fail(FAULTS[answer])
        there.server.fail(Fault.latency(WHILE_IT_MINTS))
        late = await stop_one(there, pause=pause)
        others = await there.fork(2)
        await there.asked(2)
        lease = await there.lease()
        assert lease
        assert pid_of(lease) in others
        await there.resume(late)
        first, second = (request.fingerprint for request in there.server.log)
        # A late token is better than none: everybody has it while the other is on its way.
        (got,) = await nurse.tokens([late])
        assert (first if answer == "minted" else second) == got
        if answer == "minted":
            assert lease == await there.lease()
        assert {first, second} >= {*await nurse.tokens(others)}
        await nurse.reap([late, *others])
        record = (await there.record.read()).value
        assert (second, None, None) == (
            record.token and record.token.fingerprint,
            record.lease,
            record.cool_down,
        )
        assert [answer, "minted"] == await there.outcomes()
        assert 2 == there.server.requests


async def late_with_its_request(nurse: Nurse, directory: Path) -> str:
    """One that is stopped between the reservation and the request: each request is counted.

    It gives the reservation back and sends nothing, but for the one stopped after its last look at
    the lease, which cannot know. Returns what became of it.
    """
    async with scene(nurse, directory, budget=10) as there:
        late = await stop_one(there, asked=False)
        assert 1 == await there.counted()
        others = await there.fork(2)
        await nurse.tokens(others)
        before = await there.raw()
        await there.resume(late)
        (got,) = await nurse.tokens([late])
        await nurse.reap([late, *others])
        outcome, *more = await there.outcomes()
        if not more:
            raise Late("it had minted before it was stopped")
        assert ["minted"] == more
        if outcome == "refused":
            assert before == await there.raw()
        record = (await there.record.read()).value
        assert record.token
        assert got == record.token.fingerprint
        assert {"refused": 1, "minted": 2}[outcome] == there.server.requests
        assert there.server.requests == await there.counted()
        return outcome


async def late_with_a_lock(nurse: Nurse, directory: Path) -> None:
    """One that is stopped while it writes a file keeps the others out, but only until it goes on.

    A lock of the system cannot be taken from a process that lives. They say which lock it is, ask
    for nothing that they could not count, and nobody has to tidy up.
    """
    async with scene(nurse, directory, budget=10) as there:
        (late,) = await there.fork()
        await there.halt(late, locked=True)
        others = await there.fork(2)
        for report in await nurse.heard(others):
            assert ("StoreUnavailable", True) == (
                report.get("raised"),
                report.get("message", "").endswith(".lock: held by another for 4 s"),
            )
        assert 0 == there.server.requests
        await there.resume(late)
        after = await there.fork(2)
        assert 1 == len({*await nurse.tokens([late, *after])})
        await nurse.reap([late, *others, *after])
        # One that was stopped while it wrote the ledger gives that reservation back.
        assert 1 == there.server.requests == await there.counted()
        assert "minted" == (await there.outcomes())[-1]


async def test_holders_that_are_stopped(tmp_path: Path) -> None:
    """The late holder overwrites nothing newer, and releases no lease but its own."""
    chance, fates = chaos.chance("stopped"), list[str | None]()
    # Who waits for a reservation hears nothing else, so it has a nursery of its own.
    async with nursery() as nurse, nursery() as another:
        for number in range(ROUNDS):
            pauses = [chance.uniform(0, ANSWER / 3) for _ in range(4)]
            acts: list[Callable[[Path], Awaitable[str | None]]] = [
                partial(late_for_another_mint, nurse, "minted", pauses[0]),
                partial(late_for_another_mint, nurse, "refused", pauses[1]),
                partial(late_in_another_mint, nurse, "minted", pauses[2]),
                partial(late_in_another_mint, nurse, "refused", pauses[3]),
                partial(late_with_a_lock, nurse),
                partial(late_with_its_request, another),
            ]
            places = [tmp_path / f"{number}-{place}" for place in range(len(acts))]
            *_, fate = await asyncio.gather(*map(judged, [*[nurse] * 5, another], acts, places))
            fates.append(fate)
    chaos.tell(
        f"{6 * ROUNDS} holders stopped for longer than the lease: {4 * ROUNDS} in mid-mint, nothing"
        f" newer overwritten, no foreign lease released; {ROUNDS} in mid-write, the others told so;"
        f" {ROUNDS} between reservation and request: {fates.count('refused')} gave it back,"
        f" {fates.count('minted')} had looked at the lease for the last time, and sent a counted"
        " request"
    )
    assert "refused" in fates or not chaos.FULL
