"""What the processes that are measured do. Imports what a service would, and nothing more."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import Any

from benchmarks.counted import Counted
from mintonce import (
    Budget,
    ClientCredentials,
    FileStore,
    MemoryStore,
    MintonceError,
    TokenManager,
    TokenStore,
)
from mintonce.stores import open_store

_CLIENT = ("development", "development-secret")
"""The client that the server of `mintonce.testing` knows, which is not imported just for that."""

_EACH = 0.02
"""Seconds between two calls of a program that goes on asking."""


def tokens_of(
    token_url: str, store: TokenStore | str | None, audience: str | None = None
) -> TokenManager:
    """The manager that every program uses."""
    credentials = ClientCredentials(
        token_url=token_url,
        client_id=_CLIENT[0],
        client_secret=_CLIENT[1],
        audience=audience,
    )
    return TokenManager(credentials, store=store, budget=Budget(10_000, per="hour"))


def short_lived() -> None:
    """Get one token and end."""
    token_url, directory = sys.argv[1:]
    asyncio.run(_served_once(tokens_of(token_url, FileStore(directory))))


def together() -> None:
    """Begin when told, with many tasks at once; say when the last of them was served.

    Like a service it lives on, so that its end takes no time away from those that still wait.
    """
    token_url, store, tasks = sys.argv[1:]
    tokens = tokens_of(token_url, store)
    wait_to_be_told()
    asyncio.run(_say_who_was_served_last(tokens, tasks=int(tasks)))


def asking() -> None:
    """Begin when told, go on for so many seconds from the first token on, tell how it went."""
    token_url, store, seconds = sys.argv[1:]
    tokens = tokens_of(token_url, store)
    wait_to_be_told()
    say(asyncio.run(_errors_and_longest_wait(tokens, float(seconds))))


def counting() -> None:
    """Begin when told, go on for so many seconds, tell what the store was asked for each token."""
    token_url, store, seconds = sys.argv[1:]
    counted = Counted(open_store(store))
    tokens = tokens_of(token_url, counted)
    wait_to_be_told()
    say(asyncio.run(_asked_for_each_token(tokens, counted, float(seconds))))


def managers() -> None:
    """Wait with many managers for one lease that somebody else holds; tell what that costs."""
    token_url, store, number, seconds = sys.argv[1:]
    shared = open_store(store)
    tokens = [tokens_of(token_url, shared) for _ in range(int(number))]
    wait_to_be_told()
    say(asyncio.run(_cpu_while_waiting(tokens, float(seconds))))


def tenants() -> None:
    """Have many managers get a token each, for APIs of their own; tell what memory each takes."""
    token_url, form, number = sys.argv[1:]
    wait_to_be_told()
    for size in asyncio.run(_bytes_of_each(token_url, form, int(number))):
        say(size)


def crowd() -> None:
    """Compare many tasks that want a token from a cold manager with as many that sleep as long."""
    token_url, tasks, rounds, latency = sys.argv[1:]
    # A mint imports aiohttp when it is the first one. What counts here is what the tasks cost.
    import_module("aiohttp")
    wait_to_be_told()
    say(asyncio.run(_compared(token_url, int(tasks), int(rounds), float(latency))))


async def _served_once(tokens: TokenManager) -> None:
    async with tokens:
        await tokens.get()


async def _say_who_was_served_last(tokens: TokenManager, *, tasks: int) -> None:
    async def served() -> float:
        await tokens.get()
        return time.time()

    async with tokens:
        say(max(await asyncio.gather(*(served() for _ in range(tasks)))))
        await asyncio.to_thread(sys.stdin.readline)


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


async def _asked_for_each_token(
    tokens: TokenManager, counted: Counted, seconds: float
) -> list[dict[str, float]]:
    lives: list[dict[str, float]] = []
    ends, last = time.monotonic() + seconds, ""
    async with tokens:
        while time.monotonic() < ends:
            fingerprint = (await tokens.get()).fingerprint
            if fingerprint != last:
                minted = tokens.stats.minted - sum(life["minted"] for life in lives)
                lives.append({"minted": minted, **counted.since_then()})
                last = fingerprint
            await asyncio.sleep(_EACH)
    await counted.aclose()
    return lives


async def _cpu_while_waiting(managers: Sequence[TokenManager], seconds: float) -> float:
    waiting = [asyncio.ensure_future(tokens.get()) for tokens in managers]
    await asyncio.sleep(seconds)  # until all of them wait
    say("waiting")
    started = time.process_time()
    await asyncio.sleep(seconds)
    used = time.process_time() - started
    say("done")
    await asyncio.gather(*waiting)
    await asyncio.gather(*(tokens.aclose() for tokens in managers))
    return used / seconds


async def _bytes_of_each(token_url: str, form: str, number: int) -> list[float]:
    """Made, with a token, and a while later: all that was not there before, the store included."""
    store, sizes = MemoryStore(), list[float]()
    async with tokens_of(token_url, store) as first:
        await first.get()  # it brings all imports
        tracemalloc.start()
        if form == "for_":
            managers = [first.for_(audience=_api(each)) for each in range(number)]
        else:
            managers = [tokens_of(token_url, store, audience=_api(each)) for each in range(number)]
        sizes.append(_traced())
        await asyncio.gather(*(tokens.get() for tokens in managers))
        sizes.append(_traced())
        await asyncio.sleep(2)
        sizes.append(_traced())
        await asyncio.gather(*(tokens.aclose() for tokens in managers))
    return [size / number for size in sizes]


def _api(number: int) -> str:
    return f"https://{number}.example.com"


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


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


def wait_to_be_told() -> None:
    """Say that all imports are done, and wait for the word."""
    say("ready")
    sys.stdin.readline()


def say(value: Any) -> None:
    """Tell whoever started this program."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
