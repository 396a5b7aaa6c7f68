"""A process that forks others, and kills or stops them: to fork takes a hundredth of a start.

It does what it is told on standard input, a JSON object a line. Its children report on the same
standard output as it answers on, so what one had reported by its death is read before the news of
its death.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from mintonce import Budget, ClientCredentials, FileStore, MintonceError, TokenManager
from mintonce.books import Books
from mintonce.cell import Cell
from mintonce.ledger import Mint
from mintonce.record import Record

PAGE = 7919
LONGEST = 20_000

PATIENCE = 20.0  # seconds until a child has to be where it is to be stopped
TICK = 0.05  # seconds between two looks at how it goes
STEP = 0.000_05  # seconds for which it goes on before it is stopped again


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
    return TokenManager(source, store=FileStore(order["directory"]), budget=budget)


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


class Nursery:
    """What can be told to this process; each answer is the method's result."""

    def __init__(self, *, warm: bool) -> None:
        self._children = set[int]()
        if warm:
            for name in ("asking", "books", "minting", "credentials.endpoint", "stores.locked"):
                import_module(f"mintonce.{name}")

    def start(self, job: str, children: int, order: dict[str, Any]) -> dict[str, Any]:
        """Fork so many children for a job."""
        pids = list[int]()
        for _ in range(children):
            pid = os.fork()
            if pid == 0:
                in_child(lambda: JOBS[job](order))
            pids.append(pid)
        self._children.update(pids)
        return {"pids": pids}

    def kill(self, pid: int) -> dict[str, Any]:
        """Kill a child, and return when it is dead."""
        at = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        self._wait(pid)
        return {"at": at}

    def halt(self, pid: int, store: str, *, reserved: bool = False) -> dict[str, Any]:
        """Stop a child where it holds no lock of a file; on request, once a mint is reserved.

        It goes on for a moment and is stopped again, until it is there.
        """
        directory, give_up_at = Path(store), time.monotonic() + PATIENCE
        while reserved and not is_reserved(directory) and time.monotonic() < give_up_at:
            pass
        step = STEP
        while time.monotonic() < give_up_at:
            os.kill(pid, signal.SIGSTOP)
            _, status = os.waitpid(pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                self._children.discard(pid)
                return {"late": f"{pid} has ended"}
            if not any(map(is_locked, directory.glob("*.lock"))):
                return {}
            os.kill(pid, signal.SIGCONT)
            select.select((), (), (), step)
            step *= 1.1  # on a busy machine it does not get to run in so short a time
        return {"late": f"{pid} reserves nothing, or does not let go of a lock"}

    def resume(self, pid: int) -> dict[str, Any]:
        """Let a child go on that was stopped."""
        os.kill(pid, signal.SIGCONT)
        return {}

    def reap(self, pids: list[int]) -> dict[str, Any]:
        """Wait until these children have ended; how many did not end well."""
        return {"failed": sum(self._wait(pid) != 0 for pid in pids)}

    def end(self) -> None:
        """Kill whoever is left."""
        for pid in sorted(self._children):
            self.kill(pid)

    def _wait(self, pid: int) -> int:
        _, status = os.waitpid(pid, 0)
        self._children.discard(pid)
        return os.waitstatus_to_exitcode(status)


def is_reserved(directory: Path) -> bool:
    """Whether there is a ledger: it comes with the first mint that is reserved."""
    return any(directory.glob("ledger-*[!k]"))


def is_locked(path: Path) -> bool:
    """Whether somebody holds this lock."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def main() -> None:
    """Obey until there is nothing more to read; then let nobody live on."""
    warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)  # to fork is the point here
    nursery = Nursery(**json.loads(sys.stdin.readline()))
    tell(number=0)
    try:
        for line in sys.stdin:
            order = json.loads(line)
            number, do = order.pop("number"), order.pop("do")
            tell(number=number, **getattr(nursery, do)(**order))
    finally:
        nursery.end()


if __name__ == "__main__":
    main()
