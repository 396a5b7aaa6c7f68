"""Programs that call an API with aiohttp."""

from __future__ import annotations

import asyncio
import sys
import time

import aiohttp

from benchmarks.programs import say, tokens_of, wait_to_be_told
from mintonce.aiohttp import BearerAuth

_CALLS = 20  # in a row, before it is the other one's turn


def cost() -> None:
    """Call an API with the middleware and with a fixed header, in turns; tell the seconds."""
    token_url, url, rounds = sys.argv[1:]
    wait_to_be_told()
    say(asyncio.run(_cost(token_url, url, int(rounds))))


def storm() -> None:
    """Call an API; when told, call it with many tasks at once; tell how long that took."""
    token_url, url, tasks = sys.argv[1:]
    wait_to_be_told()
    asyncio.run(_storm(token_url, url, int(tasks)))


async def _cost(token_url: str, url: str, rounds: int) -> list[tuple[float, float]]:
    async with tokens_of(token_url, None) as tokens:
        fixed = {"Authorization": f"Bearer {(await tokens.get()).access_token}"}
        async with (
            aiohttp.ClientSession(middlewares=[BearerAuth(tokens)]) as ours,
            aiohttp.ClientSession(headers=fixed) as plain,
        ):
            return [(await _seconds(ours, url), await _seconds(plain, url)) for _ in range(rounds)]


async def _seconds(session: aiohttp.ClientSession, url: str) -> float:
    started = time.perf_counter()
    for _ in range(_CALLS):
        async with session.get(url, raise_for_status=True) as response:
            await response.read()
    return time.perf_counter() - started


async def _storm(token_url: str, url: str, tasks: int) -> None:
    connector = aiohttp.TCPConnector(limit=tasks)
    async with tokens_of(token_url, None) as tokens:
        auth = BearerAuth(tokens)
        async with aiohttp.ClientSession(middlewares=[auth], connector=connector) as session:

            async def call() -> int:
                async with session.get(url) as response:
                    await response.read()
                    return response.status

            # Connections are open by then, as they are in a service that is at work.
            say([*await asyncio.gather(*(call() for _ in range(tasks)))].count(200))
            await asyncio.to_thread(sys.stdin.readline)
            started = time.perf_counter()
            answers = await asyncio.gather(*(call() for _ in range(tasks)))
            say([answers.count(200), time.perf_counter() - started])
