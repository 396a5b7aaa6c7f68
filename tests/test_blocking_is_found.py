"""Whoever blocks an event loop from within this package fails the test: each way is found."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from torture import may_block, watched
from torture.blocking import OURS

BLOCKING = {
    "time.sleep": "import time; time.sleep(0)",
    "open": "open(os.devnull).close()",
    "os.stat": "import pathlib; pathlib.Path('/').exists()",
    "os.fsync": "file = tempfile.TemporaryFile(); os.fsync(file.fileno()); file.close()",
    "os.scandir": "os.scandir('/').close()",
    "fcntl.flock": "import fcntl; fcntl.flock(0, fcntl.LOCK_UN)",
    "socket.getaddrinfo": "import socket; socket.getaddrinfo('127.0.0.1', 80)",
    "subprocess.Popen": "import subprocess; subprocess.run(['true'])",
    "Condition.wait": "import threading; threading.Event().wait(0)",
    "Thread.join": "import threading; t = threading.Thread(); t.start(); t.join()",
}
"""What is called in the end, and a way to get there."""


def do(statement: str, file: str = f"{OURS[0]}made_up.py") -> None:
    """Run a statement as if it stood in this package."""
    exec(compile(f"import os, tempfile; {statement}", file, "exec"), {})


CHILD = """
async def child():
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
"""


async def on_loop(statement: str, file: str = f"{OURS[0]}made_up.py") -> None:
    """The same on the event loop."""
    do(statement, file)


@contextmanager
def found(what: str) -> Generator[None]:
    """Insist that the detector finds a call."""
    told = rf"{what}.* blocks the event loop: .*made_up"
    with pytest.raises(AssertionError, match=told), watched():
        yield


@pytest.mark.parametrize(("what", "statement"), BLOCKING.items(), ids=BLOCKING)
def test_what_blocks(what: str, statement: str) -> None:
    """It is found, and its place is told."""
    with found(what):
        asyncio.run(on_loop(statement))


def test_what_blocks_by_way_of_a_library() -> None:
    """Whose library it is does not matter: this package called it, on the loop."""
    with found("open"):
        asyncio.run(on_loop("import filelock; filelock.FileLock(tempfile.mktemp()).acquire()"))


def test_what_blocks_in_a_task_of_a_task() -> None:
    """However deep it is, and whatever kind of task runs it."""

    async def outer() -> None:
        await asyncio.gather(on_loop("os.stat('/')"), on_loop("0"))

    with found("os.stat"):
        asyncio.run(outer())


@pytest.mark.parametrize("statement", BLOCKING.values(), ids=BLOCKING)
def test_what_a_test_does_itself(statement: str) -> None:
    """It may block its own loop."""
    with watched():
        asyncio.run(on_loop(statement, file=__file__))


@pytest.mark.parametrize("statement", BLOCKING.values(), ids=BLOCKING)
def test_what_blocks_a_thread(statement: str) -> None:
    """That is what threads are for."""
    with watched():
        asyncio.run(asyncio.to_thread(do, statement))


@pytest.mark.asyncio
async def test_what_is_let_be() -> None:
    """An import, what asyncio does by itself, and what a test allows."""
    with watched():
        do("import colorsys")
        names: dict[str, Any] = {"asyncio": asyncio}
        exec(compile(CHILD, f"{OURS[0]}made_up.py", "exec"), names)
        await names["child"]()
        with may_block("to show that it may"):
            do("os.stat('/')")
    with found("os.stat"):
        do("os.stat('/')")
