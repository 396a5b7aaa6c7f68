"""Finds what is left behind: tasks of this package, and whatever is reported to the loop.

A task that is left is cancelled in silence when its loop ends, and one whose error nobody took
is told to the log alone. Here both fail the test that did it.
"""

from __future__ import annotations

import asyncio
import logging
from functools import wraps

from torture.allowance import Allowance
from torture.blocking import OURS
from torture.offences import report

may_leave = Allowance()
"""Lets loops end in a block while tasks of this package run."""


def install() -> None:
    """Watch this process from now on."""
    logging.getLogger("asyncio").addHandler(_Reports(logging.ERROR))
    close = asyncio.Runner.close

    @wraps(close)
    def watched(runner: asyncio.Runner) -> None:
        _look_for_tasks(getattr(runner, "_loop", None))
        close(runner)

    setattr(asyncio.Runner, "close", watched)  # noqa: B010 - mypy has no word for it


class _Reports(logging.Handler):
    """Hears what the exception handler of a loop says: never retrieved, destroyed, unclosed."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        # Asyncio says this in debug mode only: a client did not trust a server, and went away.
        if not message.startswith("Error on transport creation for incoming connection"):
            report(f"told to the event loop: {message}")


def _look_for_tasks(loop: asyncio.AbstractEventLoop | None) -> None:
    if loop is None or loop.is_closed() or may_leave.is_given:
        return
    for task in asyncio.all_tasks(loop):
        code = getattr(task.get_coro(), "cr_code", None)
        if code and code.co_filename.startswith(OURS):
            report(f"left behind when its loop ended: {task.get_name()}, {code.co_qualname}")
