"""G8 heals: a process that dies or stands still while it mints is replaced, without cleaning."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fleet import Gone, Worker, fleet
from managing import Handmade, eventually, server_of
from mintonce import Budget, MemoryStore, TokenManager
from mintonce.testing import Fault, ManualClock

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and SIGSTOP"),
]

NOON = 1_700_000_000.0
TAKEOVER = 3.0
"""Seconds after which a process that died is replaced, at most."""

BUSY = 1.0
"""Seconds that a busy machine may take for a request and for what belongs to it."""


async def seen(worker: Worker, *outcomes: str) -> None:
    """Make sure that this is what the ledger says of the requests."""
    assert [*outcomes] == (await worker.ask("status"))["outcomes"]


async def test_killed_in_mid_mint(tmp_path: Path) -> None:
    """One of those who wait takes over, for all of them; both requests are in the ledger."""
    async with server_of() as server, fleet(server, tmp_path / "tokens", 4, warm=True) as workers:
        server.fail(Fault.latency(60))
        holder, *others = workers
        lost = holder.ask("get")
        await server.arrived(1)
        waiting = [asyncio.ensure_future(worker.token()) for worker in others]
        holder.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        found = await asyncio.gather(*waiting)
        assert 1 == len(set(found))
        assert TAKEOVER / 2 < time.monotonic() - killed < TAKEOVER + BUSY
        assert 2 == server.requests
        await seen(others[0], "sent", "minted")
        with pytest.raises(Gone):
            await lost


async def test_alive_but_slow(tmp_path: Path) -> None:
    """However long the server takes, nobody takes over from a process that lives."""
    async with server_of() as server, fleet(server, tmp_path / "tokens", 3, warm=True) as workers:
        server.fail(Fault.latency(TAKEOVER + 1))
        found = await asyncio.gather(*(worker.token() for worker in workers))
        assert 1 == len(set(found))
        assert 1 == server.requests


async def test_paused_for_longer_than_a_lease(tmp_path: Path) -> None:
    """Another one takes over; whoever comes back late overwrites nothing and uses the new token."""
    # Warm, so that it is paused right after it has claimed the lease, and not while it renews it.
    async with server_of() as server, fleet(server, tmp_path / "tokens", 3, warm=True) as workers:
        server.fail(Fault.latency(0.2))
        paused, other, third = workers
        late = asyncio.ensure_future(paused.token())
        await server.arrived(1)
        paused.send_signal(signal.SIGSTOP)
        new = await other.token()
        assert 2 == server.requests
        paused.send_signal(signal.SIGCONT)
        assert new == await late
        assert new == await third.token()
        assert new == server.log[1].fingerprint != server.log[0].fingerprint
        assert 2 == server.requests
        await seen(third, "minted", "minted")


async def take_over(worker: Worker) -> dict[str, Any]:
    """Have the worker wait until it takes over from one that was killed."""
    waiting = worker.ask("get")
    while not waiting.done():
        await worker.ask("advance", seconds=0.5, steps=10)
    return await waiting


async def test_killed_again_and_again(tmp_path: Path) -> None:
    """Each death may have cost a token, so it counts; the budget ends it, not the server."""
    async with (
        server_of() as server,
        fleet(server, tmp_path / "tokens", 4, wall=NOON, budget=3) as workers,
    ):
        server.fail(Fault.latency(60), times=None)
        for number, worker in enumerate(workers[:3], start=1):
            taking = asyncio.ensure_future(take_over(worker))
            await server.arrived(number)
            worker.send_signal(signal.SIGKILL)
            with pytest.raises(Gone):
                await taking
        answer = await take_over(workers[3])
        assert ("BudgetExhausted", 3, 3) == (answer["raised"], answer["limit"], answer["used"])
        assert 3 == server.requests
        await seen(workers[3], "sent", "sent", "sent")


async def test_killed_while_the_old_token_is_good(tmp_path: Path) -> None:
    """Nobody waits for the lease to die; then somebody renews."""
    async with (
        server_of() as server,
        fleet(server, tmp_path / "tokens", 2, wall=NOON) as workers,
    ):
        holder, other = workers
        (old,) = {await worker.token() for worker in workers}
        server.fail(Fault.latency(60))
        await asyncio.gather(*(worker.ask("advance", seconds=3575) for worker in workers))
        assert old == await holder.token()
        await server.arrived(2)
        holder.send_signal(signal.SIGKILL)
        while (new := await other.token()) == old:
            await other.ask("advance", seconds=0.5, steps=10)
        assert new == server.log[2].fingerprint
        assert 3 == server.requests


async def test_a_worker_that_was_killed_comes_back(tmp_path: Path) -> None:
    """A restart takes over from its own past as from any other process."""
    async with server_of() as server:
        server.fail(Fault.latency(60))
        async with fleet(server, tmp_path / "tokens", 1) as (worker,):
            _ = worker.ask("get")
            await server.arrived(1)
        async with fleet(server, tmp_path / "tokens", 1, wall=NOON) as (worker,):
            (token,) = (await take_over(worker))["tokens"]
        assert token == server.log[1].fingerprint
        assert 2 == server.requests


class Stuck(MemoryStore):
    """A store in which writing the ledger takes until the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.writing = False

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Write the ledger when the test lets it, and everything else at once."""
        if key.startswith("ledger"):
            self.writing = True
            await self.open.wait()
        return await super().swap(key, old, new, ttl=ttl)


async def test_paused_between_the_reservation_and_the_request() -> None:
    """What was reserved so long ago is given back, and reserved anew before anything is sent."""
    clock, store, source = ManualClock(), Stuck(), Handmade()
    budget = Budget(10, per="day")
    async with TokenManager(source, store=store, budget=budget, clock=clock) as tokens:
        caller = asyncio.create_task(tokens.get())
        await eventually(lambda: store.writing)
        clock.advance(TAKEOVER + 1)
        store.open.set()
        await caller
        status = await tokens.status()
        assert ["refused", "minted"] == [mint.outcome for mint in status.mints]
        assert 1 == source.requests == status.budgets[0].used
        assert clock.wall() == status.mints[-1].at
