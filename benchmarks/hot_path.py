"""What `await tokens.get()` costs while a token is at hand."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median
from types import FunctionType

from benchmarks.figures import Figure
from benchmarks.peers import LIFETIME, Attribute, Peer, peers
from mintonce import TokenManager

_CALLS = 500
_ROUNDS = 400


class _Source:
    key = "benchmark"

    async def mint(self) -> Mapping[str, object]:
        return {"access_token": "token", "expires_in": LIFETIME}


async def measure() -> Sequence[Figure]:
    """Compare the manager and its peers with an awaited method that returns an attribute."""
    async with TokenManager(_Source()) as tokens:
        await tokens.get()
        subjects: dict[str, Peer] = {
            "": Attribute(),
            "`await tokens.get()` on a fresh token": tokens,
            **{f"beside: {name}": peer for name, peer in peers()},
        }
        ratios = await _ratios(subjects)
    (what, ours), *others = ratios.items()
    return [Figure(what, ours, "x", 1.8), *(Figure(name, ratio, "x") for name, ratio in others)]


async def _ratios(subjects: Mapping[str, Peer]) -> dict[str, float]:
    """Measure all in many short turns, since the machine does not stay equally busy for long."""
    timers = {name: _timer() for name in subjects}
    rounds = [
        {name: await timers[name](subject, _CALLS) for name, subject in subjects.items()}
        for _ in range(_ROUNDS)
    ]
    return {name: median(each[name] / each[""] for each in rounds) for name in subjects if name}


async def _seconds(subject: Peer, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        await subject.get()
    return time.perf_counter() - started


def _timer() -> Callable[[Peer, int], Awaitable[float]]:
    """Copy the loop: the interpreter tunes each piece of code to the one type that it meets."""
    return FunctionType(_seconds.__code__.replace(), globals())
