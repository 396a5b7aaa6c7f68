"""What the processes that are measured do. Imports what a service would, and nothing more."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from mintonce import Budget, ClientCredentials, FileStore, MintonceError, TokenManager, TokenStore

_CLIENT = ("development", "development-secret")
"""The client that the server of `mintonce.testing` knows, which is not imported just for that."""

_EACH = 0.02
"""Seconds between two calls of a program that goes on asking."""


def tokens_of(token_url: str, store: TokenStore | None) -> TokenManager:
    """The manager that every program uses."""
    credentials = ClientCredentials(
        token_url=token_url,
        client_id=_CLIENT[0],
        client_secret=_CLIENT[1],
    )
    return TokenManager(credentials, store=store, budget=Budget(1000, per="hour"))


def short_lived() -> None:
    """Get one token and end."""
    token_url, directory = sys.argv[1:]
    asyncio.run(_last_served(tokens_of(token_url, FileStore(directory)), tasks=1))


def together() -> None:
    """Begin when told, with many tasks at once; say when the last of them was served."""
    token_url, directory, tasks = sys.argv[1:]
    tokens = tokens_of(token_url, FileStore(directory))
    _wait_to_be_told()
    _say(asyncio.run(_last_served(tokens, tasks=int(tasks))))


def asking() -> None:
    """Begin when told, go on for so many seconds from the first token on, tell how it went."""
    token_url, directory, seconds = sys.argv[1:]
    tokens = tokens_of(token_url, FileStore(directory))
    _wait_to_be_told()
    _say(asyncio.run(_errors_and_longest_wait(tokens, float(seconds))))


def crowd() -> None:
    """Compare many tasks that want a token from a cold manager with as many that sleep as long."""
    token_url, tasks, rounds, latency = sys.argv[1:]
    # A mint imports aiohttp when it is the first one. What counts here is what the tasks cost.
    import_module("aiohttp")
    _wait_to_be_told()
    _say(asyncio.run(_compared(token_url, int(tasks), int(rounds), float(latency))))


async def _last_served(tokens: TokenManager, *, tasks: int) -> float:
    async def served() -> float:
        await tokens.get()
        return time.time()

    async with tokens:
        return max(await asyncio.gather(*(served() for _ in range(tasks))))


async def _errors_and_longest_wait(tokens: TokenManager, seconds: float) -> tuple[int, float]:
    errors, longest = 0, 0.0
    async with tokens:
        await tokens.get()
        ends = time.monotonic() + seconds
        while (asked := time.monotonic()) < ends:
            try:
                await tokens.get()
            except MintonceError:
                errors += 1
            longest = max(longest, time.monotonic() - asked)
            await asyncio.sleep(_EACH)
    return errors, longest


async def _compared(
    token_url: str, tasks: int, rounds: int, latency: float
) -> list[tuple[float, float]]:
    async def sleep() -> None:
        await asyncio.sleep(latency)

    seconds: list[tuple[float, float]] = []
    for _ in range(rounds):
        async with tokens_of(token_url, None) as tokens:
            waiting = await _cpu_seconds(tasks, tokens.get)
        seconds.append((waiting, await _cpu_seconds(tasks, sleep)))
    return seconds


async def _cpu_seconds(tasks: int, call: Callable[[], Awaitable[object]]) -> float:
    async def task() -> None:
        await call()

    gc.collect()
    started = time.process_time()
    await asyncio.gather(*(task() for _ in range(tasks)))
    return time.process_time() - started


def _wait_to_be_told() -> None:
    _say("ready")
    sys.stdin.readline()


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
