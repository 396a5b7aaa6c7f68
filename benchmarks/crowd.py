"""Ten thousand tasks that want a token from a manager that has none."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.figures import Figure
from benchmarks.processes import fleet
from mintonce.testing import AuthorizationServer

_TASKS = 10_000
_ROUNDS = 9
_LATENCY = 0.5  # seconds: all tasks wait before the answer comes


async def measure() -> Sequence[Figure]:
    """Compare the CPU time of the tasks with that of as many that sleep as long as the mint takes.

    The server answers from this process, the tasks run in another one.
    """
    async with AuthorizationServer(latency=_LATENCY) as server:
        arguments = (server.token_url, f"{_TASKS}", f"{_ROUNDS}", f"{_LATENCY}")
        async with fleet(1, "crowd", *arguments) as (program,):
            seconds = await program.heard()
        requests = server.requests / _ROUNDS
    ratio = median(waiting / sleeping for waiting, sleeping in seconds[1:])
    what = f"{_TASKS} tasks on a cold manager"
    return [
        Figure(f"{what}: token requests", requests, "", 1),
        Figure(f"{what}: CPU time over the same tasks sleeping", ratio, "x", 1.3),
    ]
