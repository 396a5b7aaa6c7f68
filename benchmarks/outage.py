"""The authorization server fails for three seconds, just when the token has to be renewed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.figures import Figure
from benchmarks.processes import fleet
from mintonce.testing import AuthorizationServer, Fault

_LIFETIME = 40.0  # seconds: early renewal starts two to four seconds before the end
_DOWN, _UP = 4.2, 1.2  # seconds before the end
_AFTER = 3.0
_FLEET = 4
_TIMES = 4


class _Outcome(NamedTuple):
    requests: int
    errors: int
    longest_wait: float


async def measure() -> Sequence[Figure]:
    """Compare fleets with processes alone, all through the same outage at the same time.

    Each process draws its own moment for early renewal, and the first of a fleet begins for all. So
    a fleet begins a little sooner than one process would, and may ask once more in the same outage.
    """
    sizes = [1] * _TIMES + [_FLEET] * _TIMES
    outcomes = await asyncio.gather(*map(_outage, sizes))
    alone, fleets = outcomes[:_TIMES], outcomes[_TIMES:]
    what = "server down for 3 s before the token expires"
    return [
        Figure(f"{what}: errors", sum(outcome.errors for outcome in outcomes), "", 0),
        Figure(
            f"{what}: requests of {_FLEET} processes, less those of one",
            mean(each.requests for each in fleets) - mean(each.requests for each in alone),
            "",
            1,
        ),
        Figure(
            f"{what}: longest wait for a token",
            1000 * max(outcome.longest_wait for outcome in outcomes),
            "ms",
        ),
    ]


async def _outage(size: int) -> _Outcome:
    with TemporaryDirectory() as directory:
        async with AuthorizationServer(lifetime=_LIFETIME) as server:
            arguments = (
                server.token_url,
                Path(directory, "tokens").as_uri(),
                f"{_LIFETIME + _AFTER}",
            )
            async with fleet(size, "asking", *arguments) as programs:
                await server.arrived(1)
                ends = server.log[0].at + _LIFETIME
                await _until(ends - _DOWN)
                server.fail(Fault.status(503), times=None)
                await _until(ends - _UP)
                server.heal()
                said = await asyncio.gather(*(each.heard() for each in programs))
            errors, waits = zip(*said, strict=True)
            return _Outcome(server.requests - 1, sum(errors), max(waits))


async def _until(moment: float) -> None:
    await asyncio.sleep(moment - time.time())
