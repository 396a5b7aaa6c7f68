"""Hears all that a program says without being asked: log lines, warnings, lost errors."""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Ear(logging.Handler):
    """Writes down every record of every logger, with whatever a handler may print of it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write down the line, and all that is in the record."""
        self.said.append(f"{self.format(record)} {vars(record)}")

    def note(self, *things: object) -> None:
        """Write down what is printed of these things in whatever way, errors with all of theirs."""
        for thing in things:
            self.said += [f"{thing} {thing!r}", *_inside(thing)]


@contextmanager
def listening() -> Iterator[Ear]:
    """Hear everything as long as the block runs."""
    ear, root = Ear(), logging.getLogger()
    level, handlers, hook = root.level, root.handlers[:], sys.unraisablehook
    root.handlers[:] = [ear]
    root.setLevel(logging.DEBUG)
    sys.unraisablehook = lambda lost: ear.note(lost.exc_value, lost.err_msg, lost.object)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            yield ear
        ear.note(*(warning.message for warning in warned))
    finally:
        sys.unraisablehook = hook
        root.handlers[:] = handlers
        root.setLevel(level)


def talkative(loop: asyncio.AbstractEventLoop) -> None:
    """Have asyncio tell of everything that it runs, as it does in debug mode of what is slow."""
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0


def _inside(thing: object) -> Iterator[str]:
    if isinstance(thing, BaseException):
        yield "".join(traceback.TracebackException.from_exception(thing).format())
        for error in chain_of(thing):
            yield f"{error} {error!r} {vars(error)} {getattr(error, '__notes__', '')}"


def chain_of(error: BaseException) -> list[BaseException]:
    """An error with its causes and contexts, also those that a traceback leaves out."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    return found
