"""A server that is killed while processes mint over it, and comes back with what it confirmed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import chaos
from backing.server import StoreServer
from chaos.killing import LATENCY
from chaos.nurse import Nurse, nursery
from chaos.scene import Scene, scene
from managing import moment

CROWD = 16
AWAY = 0.5
"""Seconds for which the server is away, at most."""


async def kill_server(server: StoreServer, directory: Path, rounds: int) -> None:
    """Kill the server at random moments of a mint, and start it again.

    Who cannot be served is told so. When it is back, all are served with one token, which is minted
    anew only if the first could not be stored; and the ledger knows of every request.
    """
    url, budget = server.url(), 100 * rounds
    async with (
        nursery(store_url=url) as nurse,
        scene(nurse, directory, budget=budget, store_url=url) as there,
    ):
        there.server.latency = LATENCY
        for _ in range(rounds):
            await _round(server, there, nurse)
            assert there.server.requests <= await there.counted()
            await there.record.delete()
        chaos.tell(
            f"server of the store killed {rounds} times under {CROWD} processes:"
            f" {there.server.requests} requests, {await there.counted()} in the ledger"
        )


async def _round(server: StoreServer, there: Scene, nurse: Nurse) -> None:
    chance, before = chaos.chance(f"server {there.server.requests}"), there.server.requests
    first = await there.fork(CROWD)
    await moment(chance.uniform(0, 2 * LATENCY))
    await asyncio.to_thread(server.kill)
    await moment(chance.uniform(0, AWAY))
    await asyncio.to_thread(server.start)
    second = await there.fork(CROWD)
    told = await nurse.heard(first)
    assert {"StoreUnavailable"} >= {report["raised"] for report in told if "raised" in report}, told
    theirs = {*await nurse.tokens(second)}
    assert {there.server.log[-1].fingerprint} == theirs
    # A token that could not be stored while the server was away is known to its own callers only.
    minted = [request.fingerprint for request in there.server.log[before:]]
    assert len(minted) <= 2  # and one for all others
    assert {report["token"] for report in told if "token" in report} <= {*minted}, told
    await nurse.reap([*first, *second])
