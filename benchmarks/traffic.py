"""What processes ask of a store that pushes, for each token."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from benchmarks.figures import Figure
from benchmarks.processes import fleet
from benchmarks.servers import KINDS, running
from mintonce.testing import AuthorizationServer

_PROCESSES = 16
_LIFETIME = 10.0  # seconds: early renewal begins in the last one
_SECONDS = 35.0
_LATENCY = 0.1


async def measure() -> Sequence[Figure]:
    """Let a fleet live through a few tokens, and count by process and token."""
    figures: list[Figure] = []
    for kind in KINDS:
        with running(kind) as server:
            figures += await _measured(kind.NAME, server.url())
    return figures


async def _measured(store: str, url: str) -> list[Figure]:
    async with AuthorizationServer(lifetime=_LIFETIME, latency=_LATENCY) as server:
        arguments = (server.token_url, url, f"{_SECONDS}")
        async with fleet(_PROCESSES, "counting", *arguments) as programs:
            fleets = await asyncio.gather(*(each.heard() for each in programs))
    # The first token is another matter: all want it at once.
    cold = [lives[0] for lives in fleets if not lives[0]["minted"]]
    later = [life for lives in fleets for life in lives[1:] if not life["minted"]]
    what = f"{_PROCESSES} processes on {store}"
    return [
        Figure(f"{what}: reads for each token, at most, by who did not mint", _most(later), "", 2),
        Figure(f"{what}: writes by those", max(life.get("written", 0) for life in later), "", 0),
        Figure(f"beside: reads for each token, on average, by {len(later)}", _mean(later), ""),
        Figure("beside: reads for the first token, when all begin at once", _most(cold), ""),
    ]


def _most(lives: Sequence[dict[str, float]]) -> float:
    return max(life.get("read", 0) for life in lives)


def _mean(lives: Sequence[dict[str, float]]) -> float:
    return sum(life.get("read", 0) for life in lives) / len(lives)
