"""Calls of an API that carry the token: what the middleware costs, and what a 401 for all does."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.figures import Figure
from benchmarks.processes import fleet
from mintonce.testing import AuthorizationServer

_ROUNDS = 300
_TASKS = 200
_LATENCY = 0.5  # seconds
_STORMS = 5


async def measure() -> Sequence[Figure]:
    """The authorization server and its API are in this process, who calls is in another one."""
    return [await _cost(), *await _storm()]


async def _cost() -> Figure:
    async with AuthorizationServer() as server:
        arguments = (server.token_url, server.resource_url, f"{_ROUNDS}")
        async with fleet(1, "calling.cost", *arguments) as (program,):
            seconds = await program.heard()
    ratio = median(ours / plain for ours, plain in seconds)
    return Figure("a call with the middleware, over one with a fixed header", ratio, "x", 1.05)


async def _storm() -> Sequence[Figure]:
    requests, served, late = 0, _TASKS, list[float]()
    for _ in range(_STORMS):
        async with AuthorizationServer(latency=_LATENCY) as server:
            arguments = (server.token_url, server.resource_url, f"{_TASKS}")
            async with fleet(1, "calling.storm", *arguments) as (program,):
                await program.heard()
                server.revoke_all()
                program.go()
                answered, seconds = await program.heard()
            requests, served = max(requests, server.requests), min(served, answered)
            late.append(seconds - _LATENCY)
    what = f"{_TASKS} tasks whose token is rejected at once"
    return [
        Figure(f"{what}: token requests in all", requests, "", 2),
        Figure(f"{what}: calls that were not answered 200", _TASKS - served, "", 0),
        Figure(f"{what}: the last is answered after the token", 1000 * median(late), "ms", 100),
    ]
