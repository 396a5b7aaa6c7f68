"""Finds calls that block an event loop: made in its thread, and by this package.

By calls and not by time, which tells more of the machine than of the code: a file that is opened
on the loop takes no time here, and seconds where the disk is busy. The calls are written down
instead of refused, since much of this package turns an exception into an answer.

A call is the fault of the innermost code that is asyncio's, ours or a test's. What asyncio does by
itself is let be, and what a test does between two calls of ours as well. So is an import: some
modules are imported on first use, on purpose, once in the life of a process.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import linecache
import os
import select
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, ParamSpec, TypeVar

import coverage

from torture.allowance import Allowance
from torture.offences import report

P = ParamSpec("P")
T = TypeVar("T")

_BACKENDS = Path(__file__).parents[2] / "backends"
OURS = tuple(
    str(Path(spec.origin).parent) + os.sep
    for name in ("mintonce", *(path.name for path in _BACKENDS.glob("*/src/*")))
    if (spec := find_spec(name)) and spec.origin
)
_not_ours: tuple[str, ...] = (
    str(Path(asyncio.__file__).parent) + os.sep,
    str(Path(__file__).parents[1]) + os.sep,
    "<frozen importlib",
    str(importlib.metadata.__file__),  # which looks for whoever offers the store of a URL
    # Who writes a traceback looks at source files, and so does who measures coverage.
    *(str(module.__file__) for module in (linecache, traceback)),
    str(Path(coverage.__file__).parent) + os.sep,
)

EVENTS = frozenset(
    {
        *("open", "glob.glob", "tempfile.mkstemp", "tempfile.mkdtemp", "builtins.input"),
        *(f"os.{name}" for name in ("listdir", "scandir", "mkdir", "rmdir", "rename", "remove")),
        *(f"os.{name}" for name in ("link", "symlink", "truncate", "chmod", "chown", "utime")),
        *("os.system", "os.posix_spawn", "subprocess.Popen", "fcntl.flock", "fcntl.lockf"),
        *(f"socket.{name}" for name in ("getaddrinfo", "gethostbyname", "gethostbyaddr")),
        *("socket.getnameinfo", "urllib.Request", "sqlite3.connect"),
    }
)
"""What Python tells its audit hooks, whoever calls it and by whatever name."""

SILENT: tuple[tuple[Any, str], ...] = (
    (time, "sleep"),
    *((os, name) for name in ("stat", "lstat", "fsync", "waitpid")),
    (select, "select"),
    (threading.Thread, "join"),
    (threading.Condition, "wait"),  # and so Event.wait, and Future.result of other threads
)
"""What Python tells nobody of, at least not in all its versions."""

_TO_THREADS = {threading.Thread.start.__code__, ThreadPoolExecutor.submit.__code__}
"""These wait for a moment until a thread runs, as whoever does not want to block has to."""

may_block = Allowance()
"""Lets this package block the loop while a block runs."""


def let_be(module: ModuleType, reason: str) -> None:
    """Let a library block the loop where this module is at work; say why nothing else helps."""
    global _not_ours  # noqa: PLW0603 - one list for the whole process, as the audit hook is
    assert reason
    _not_ours = (*_not_ours, str(module.__file__))


def install() -> None:
    """Watch this process from now on, and for good: an audit hook cannot be taken back."""
    sys.addaudithook(_hear)
    for owner, name in SILENT:
        setattr(owner, name, _watching(getattr(owner, name), f"{owner.__name__}.{name}"))


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    # A file that is open already is opened by its number.
    if event in EVENTS and not (event == "open" and isinstance(arguments[0], int)):
        _judge(f"{event}({arguments[0]!r})" if arguments else event, sys._getframe(1))


def _watching(call: Callable[P, T], name: str) -> Callable[P, T]:
    @wraps(call)
    def watched(*args: P.args, **kwargs: P.kwargs) -> T:
        _judge(name, sys._getframe(1))
        return call(*args, **kwargs)

    return watched


def _judge(what: str, frame: FrameType | None) -> None:
    if may_block.is_given or asyncio._get_running_loop() is None:
        return
    while frame:
        code = frame.f_code
        if code.co_filename.startswith(OURS):
            where = f"{code.co_filename}:{frame.f_lineno}, in {code.co_name}"
            report(f"{what} blocks the event loop: {where}")
            return
        if code.co_filename.startswith(_not_ours) or code in _TO_THREADS:
            return
        frame = frame.f_back
