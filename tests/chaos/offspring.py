"""What the children of a nursery do, each in a process of its own: write, get a token, fork."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from mintonce import Budget, ClientCredentials, FileStore, MintonceError, TokenManager
from mintonce.books import Books
from mintonce.cell import Cell
from mintonce.ledger import Mint
from mintonce.record import Record

PAGE = 7919
LONGEST = 20_000

TICK = 0.05  # seconds between two looks at how it goes


def tell(**line: Any) -> None:
    """Write a line, whole: it is shorter than what a pipe takes at once."""
    os.write(1, json.dumps(line).encode() + b"\n")


def grown(record: Record) -> Record:
    """The record after one more write: of another size, and saying which it is."""
    number = record.failures + 1
    return replace(record, failures=number, by="x" * (number * PAGE % LONGEST))


def manager(order: dict[str, Any]) -> TokenManager:
    """A manager for what a child was told."""
    path = Path(order["secret_file"])
    source = ClientCredentials(
        token_url=order["token_url"],
        client_id=order["client_id"],
        client_secret=lambda: path.read_text("utf-8"),
    )
    budget = Budget(order["budget"], per=timedelta(days=1)) if "budget" in order else None
    store = order.get("store") or FileStore(order["directory"])
    return TokenManager(source, store=store, budget=budget)


class Hunger:
    """For how long this process could not run, at most, although it had something to do.

    The time in which it computed does not count: only what others took from it.
    """

    def __init__(self) -> None:
        self._loop, self._longest = asyncio.get_running_loop(), 0.0
        self._expect()

    def end(self) -> float:
        """Stop watching, and return the seconds."""
        self._timer.cancel()
        self._look()
        return self._longest

    def _expect(self) -> None:
        self._due, self._computed = time.monotonic() + TICK, time.process_time()
        self._timer = self._loop.call_later(TICK, self._tick)

    def _look(self) -> None:
        computed = time.process_time() - self._computed
        self._longest = max(self._longest, time.monotonic() - self._due - computed)

    def _tick(self) -> None:
        self._look()
        self._expect()


async def write(order: dict[str, Any]) -> None:
    """Change a record and a ledger until killed, and report each change that is done."""
    store, me = FileStore(order["directory"]), f"{os.getpid()}-{secrets.token_hex(6)}"
    record = Cell(store, "record", Record, writer=me, ttl=lambda _: 60.0)
    books = Books(store, "ledger", [Budget(10**6, per="month")], writer=me)
    while True:
        tell(record=(await record.update(grown)).value.failures)
        mint = Mint(secrets.token_hex(8), "record", time.time(), "cold", me)
        await books.reserve(mint)
        tell(reserved=mint.id)


async def get(order: dict[str, Any]) -> None:
    """Get a token and report it."""
    await report_and_close(manager(order))


async def report(tokens: TokenManager) -> None:
    """Get a token from this manager and report it."""
    hunger = Hunger()
    try:
        token = await tokens.get()
    except MintonceError as error:
        found = {"raised": type(error).__name__, "message": str(error)}
    else:
        found = {"token": token.fingerprint}
    tell(pid=os.getpid(), at=time.monotonic(), starved=hunger.end(), **found)


async def report_and_close(tokens: TokenManager) -> None:
    """Do all that a forked child does with the manager that it has inherited."""
    async with tokens:
        await report(tokens)


async def fork(order: dict[str, Any]) -> None:
    """Fork in the middle of a flight, at the moments that were told; the children get a token."""
    tokens, directory = manager(order), Path(order["directory"])
    flight = asyncio.create_task(report(tokens))
    while order["reserved"] and not is_reserved(directory):  # noqa: ASYNC110 - files tell of no event
        await asyncio.sleep(0)
    children = list[int]()
    for pause in order["pauses"]:
        await asyncio.wait([flight], timeout=pause)
        child = os.fork()
        if child == 0:
            in_child(lambda: report_and_close(tokens))
        children.append(child)
    tell(parent=os.getpid(), forked=children)
    await flight
    await tokens.aclose()
    codes = [(await asyncio.to_thread(os.waitpid, child, 0))[1] for child in children]
    assert [0] * len(children) == codes


def in_child(job: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do the job in a process that was forked for it, and end."""
    code = 1
    try:
        asyncio.run(job())
        code = 0
    finally:
        os._exit(code)


JOBS = {"write": write, "get": get, "fork": fork}


def is_reserved(directory: Path) -> bool:
    """Whether there is a ledger: it comes with the first mint that is reserved."""
    return any(directory.glob("ledger-*[!k]"))
