"""Processes that need one token and end, one after another: cron jobs, scripts, CI steps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure
from benchmarks.processes import Costs, cpu_seconds, program, python
from mintonce.testing import AuthorizationServer

_PROCESSES = 200
_MEASURED = 40


async def measure() -> Sequence[Figure]:
    """Run them in a row, some of them in turns with a Python that does nothing."""
    with TemporaryDirectory() as directory:
        async with AuthorizationServer() as server:
            ours = program("short_lived", server.token_url, str(Path(directory, "tokens")))
            for _ in range(_PROCESSES - _MEASURED - 1):
                await asyncio.to_thread(cpu_seconds, ours)
            costs = await Costs().take(
                _MEASURED,
                {"nothing": python("pass"), "asyncio": python("import asyncio"), "ours": ours},
            )
            requests = server.requests
    what = "a process that finds its token in the file"
    return [
        Figure(f"{_PROCESSES} processes in a row: token requests", requests, "", 1),
        Figure(
            f"{what}: CPU time over bare python",
            costs.milliseconds("ours", over="nothing"),
            "ms",
            100,
        ),
        Figure(
            "beside: `import asyncio` alone", costs.milliseconds("asyncio", over="nothing"), "ms"
        ),
    ]
