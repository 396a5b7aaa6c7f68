"""Many processes that find no token, and all want one at once, on each store that can be shared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure
from benchmarks.processes import fleet
from benchmarks.servers import KINDS, running
from mintonce.testing import AuthorizationServer

_PROCESSES = 32
_TASKS = 100
_ROUNDS = 10
_LATENCY = 0.5  # seconds
_POLLED, _PUSHED = 150, 60  # milliseconds


async def measure() -> Sequence[Figure]:
    """Start the processes, let all of them begin at once, and see when the last task is served."""
    with _directory() as url:
        figures = await _measured("FileStore", url, _POLLED)
    for kind in KINDS:
        with running(kind) as server:
            figures += await _measured(kind.NAME, server.url(), _PUSHED)
    return figures


async def _measured(store: str, url: str, bar: float) -> list[Figure]:
    requests: list[int] = []
    late: list[float] = []
    for _ in range(_ROUNDS):
        # Each server has a port of its own, and so a key of its own in the store.
        async with AuthorizationServer(latency=_LATENCY) as server:
            late.append(await _lateness(server, url))
            requests.append(server.requests)
    what = f"{_PROCESSES} processes of {_TASKS} tasks, cold, on {store}"
    return [
        Figure(f"{what}: token requests", max(requests), "", 1),
        Figure(f"{what}: the last is served after the answer", 1000 * median(late), "ms", bar),
    ]


async def _lateness(server: AuthorizationServer, store_url: str) -> float:
    """Return the seconds from the server's answer until the last task has the token.

    The server runs in this process, which does nothing else meanwhile. It notes when the request
    was complete; the answer leaves when its latency has passed since, at the earliest.
    """
    arguments = (server.token_url, store_url, f"{_TASKS}")
    async with fleet(_PROCESSES, "together", *arguments) as programs:
        served: list[float] = await asyncio.gather(*(each.heard() for each in programs))
    return max(served) - (server.log[0].at + _LATENCY)


@contextmanager
def _directory() -> Iterator[str]:
    with TemporaryDirectory() as directory:
        yield Path(directory, "tokens").as_uri()
