"""The process that mints is killed before its answer comes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.figures import Figure
from benchmarks.processes import Program, fleet
from benchmarks.programs import tokens_of
from mintonce import FileStore, TokenManager
from mintonce.testing import AuthorizationServer

_KILLS = 20
_AT_ONCE = 4
_WAITING = 4
_LATENCY = 1.2  # seconds: more than a heartbeat, so that kills fall anywhere between two of them


class _Outcome(NamedTuple):
    served_after: float
    requests: int
    counted: int


async def measure() -> Sequence[Figure]:
    """Kill the holder of the lease, and see when the last of those who wait is served."""
    rounds = _KILLS // _AT_ONCE
    outcomes: list[_Outcome] = []
    for first in range(rounds):
        # Those that run at once are killed at moments far apart, and so take over one by one.
        outcomes += await asyncio.gather(*map(_kill, range(first, _KILLS, rounds)))
    what = f"holder killed in mid-mint, {len(outcomes)} times"
    served_after = [outcome.served_after for outcome in outcomes]
    uncounted = max(outcome.requests - outcome.counted for outcome in outcomes)
    return [
        Figure(f"{what}: all served after, at most, less the latency", max(served_after), "s", 3),
        Figure("beside: the median of these", median(served_after), "s"),
        Figure(f"{what}: token requests that the ledger missed", uncounted, "", 0),
    ]


async def _kill(number: int) -> _Outcome:
    with TemporaryDirectory() as name:
        directory = Path(name, "tokens")
        async with AuthorizationServer(latency=_LATENCY) as server:
            tokens = tokens_of(server.token_url, FileStore(directory))
            arguments = (server.token_url, directory.as_uri(), "1")
            async with fleet(_WAITING + 1, "together", *arguments) as programs:
                await server.arrived(1)
                await asyncio.sleep(_LATENCY * 0.9 * number / _KILLS)
                holder = await _holder(tokens)
                killed_at = time.time()
                os.kill(holder, signal.SIGKILL)
                served = await _last_served(programs, killed=holder)
            status = await tokens.status()
            used = status.budgets[0].used
            return _Outcome(served - killed_at - _LATENCY, server.requests, used)


async def _holder(tokens: TokenManager) -> int:
    lease = (await tokens.status()).lease
    if lease is None:
        raise RuntimeError("nobody holds the lease")
    return int(lease.by.rpartition(":")[2])


async def _last_served(programs: Sequence[Program], *, killed: int) -> float:
    waiting = (each for each in programs if each.process.pid != killed)
    served: list[float] = await asyncio.gather(*(each.heard() for each in waiting))
    return max(served)
