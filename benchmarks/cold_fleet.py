"""Many processes that find no token, and all want one at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure
from benchmarks.processes import fleet
from mintonce.testing import AuthorizationServer

_PROCESSES = 32
_TASKS = 100
_ROUNDS = 5
_LATENCY = 0.5  # seconds


async def measure() -> Sequence[Figure]:
    """Start the processes, let all of them begin at once, and see when the last task is served."""
    requests: list[int] = []
    late: list[float] = []
    for _ in range(_ROUNDS):
        with TemporaryDirectory() as directory:
            async with AuthorizationServer(latency=_LATENCY) as server:
                late.append(await _lateness(server, Path(directory, "tokens")))
                requests.append(server.requests)
    what = f"{_PROCESSES} processes of {_TASKS} tasks, cold, on one FileStore"
    return [
        Figure(f"{what}: token requests", max(requests), "", 1),
        Figure(f"{what}: the last is served after the answer", 1000 * median(late), "ms", 150),
    ]


async def _lateness(server: AuthorizationServer, directory: Path) -> float:
    """Return the seconds from the server's answer until the last task has the token.

    The server runs in this process, which does nothing else meanwhile. It notes when the request
    was complete; the answer leaves when its latency has passed since, at the earliest.
    """
    arguments = (server.token_url, str(directory), f"{_TASKS}")
    async with fleet(_PROCESSES, "together", *arguments) as programs:
        served: list[float] = await asyncio.gather(*(each.heard() for each in programs))
    return max(served) - (server.log[0].at + _LATENCY)
