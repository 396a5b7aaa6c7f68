"""The switch for the event loop of the whole suite: it reaches every loop that a test runs on."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from fleet import fleet
from managing import server_of
from torture.loops import VARIABLE, kind
from troubled import run

MODE = os.environ.get(VARIABLE, "")


async def present() -> str:
    """The kind of the loop, as a coroutine."""
    return kind()


@pytest.mark.asyncio
async def test_the_loop_of_a_test() -> None:
    """It is the one that was asked for; and so is one in a thread."""
    assert MODE == kind()
    assert MODE == await asyncio.to_thread(lambda: asyncio.run(present()))


def test_the_loop_of_a_program() -> None:
    """The command runs on one that asyncio makes."""
    assert MODE == asyncio.run(present())


def test_a_loop_that_a_test_makes_itself() -> None:
    """It stays what it is, and has the rest of the mode."""
    assert (MODE if MODE != "uvloop" else "") == run(present)


@pytest.mark.asyncio
async def test_the_loop_of_a_worker(tmp_path: Path) -> None:
    """A process of a fleet has the same."""
    async with server_of() as server, fleet(server, tmp_path / "tokens", 1) as [worker]:
        assert MODE == (await worker.ask("loop"))["kind"]


@pytest.mark.asyncio
async def test_when_a_task_starts() -> None:
    """At once where tasks are eager, and else when its creator waits."""
    started = asyncio.Event()

    async def start() -> None:
        started.set()

    task = asyncio.create_task(start())
    assert (MODE == "eager") == started.is_set()
    await task
