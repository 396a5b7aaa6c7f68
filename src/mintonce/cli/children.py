"""Processes that the demo starts, and that never outlive it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from threading import Thread


@asynccontextmanager
async def child(
    module: str, *arguments: str, environment: Mapping[str, str]
) -> AsyncGenerator[Process]:
    """Run a module of this package in a process of its own; it is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        # Without -P a directory of the user's, called mintonce, would be run in its place.
        *(sys.executable, "-P", "-m", module, *arguments),
        env={**os.environ, **environment},
        stdin=PIPE,
        stdout=PIPE,
        # Ctrl-C is for the parent, who ends its children in order.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def end_in_order() -> None:
    """Let the signals that end a process cancel the present task instead, as Ctrl-C does."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task  # noqa: S101 - a coroutine runs in one
    # Windows has neither these signals nor this method.
    with suppress(NotImplementedError, AttributeError):
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)


def end_with_parent() -> None:
    """Let this process end when its parent does, even by SIGKILL: that closes standard input."""
    Thread(target=_wait_for_end, daemon=True).start()


def _wait_for_end() -> None:
    # Not by sys.stdin: a thread that holds its lock at exit is a fatal error.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
