"""A thousand managers in one process, all waiting for one lease."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from backing.server import StoreServer
from benchmarks.figures import Figure
from benchmarks.processes import Program
from benchmarks.programs import tokens_of
from benchmarks.servers import KINDS, running
from mintonce.testing import AuthorizationServer

_MANAGERS = 1000
_SECONDS = 3.0
_LATENCY = 9.0  # seconds: less than a manager waits for an answer, and long enough to measure in


async def measure() -> Sequence[Figure]:
    """Hold the lease elsewhere, and see what those who wait for it cost."""
    figures: list[Figure] = []
    for kind in KINDS:
        with running(kind) as server:
            figures += await _measured(kind.NAME, server)
    return figures


async def _measured(name: str, server: StoreServer) -> list[Figure]:
    async with AuthorizationServer(latency=_LATENCY) as authorization:
        arguments = (authorization.token_url, server.url(), f"{_MANAGERS}", f"{_SECONDS}")
        program = await Program.start("managers", *arguments)
        async with tokens_of(authorization.token_url, server.url()) as holder:
            held = asyncio.ensure_future(holder.get())
            await authorization.arrived(1)
            program.go()
            await program.heard()
            before = await server.commands()
            await program.heard()
            commands = await server.commands() - before
            cpu = await program.heard()
            await held
        await program.end()
        requests = authorization.requests
    what = f"{_MANAGERS} managers wait for one lease on {name}"
    return [
        Figure(f"{what}: CPU of their process", 100 * cpu, "%"),
        Figure(f"{what}: commands a second", commands / _SECONDS, ""),
        Figure(f"{what}: token requests", requests, "", 1),
    ]
