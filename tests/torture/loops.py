"""The event loop that the whole suite runs on, by one switch: ``MINTONCE_TEST_LOOP``.

``debug`` is asyncio in debug mode, ``eager`` has tasks that run before their creator goes on
(Python 3.12 and later), ``uvloop`` is a loop by others; unset, it is asyncio as it comes.

The choice is made where asyncio itself makes it, so that it holds for pytest-asyncio, for
`asyncio.run` in a test or in the command, for loops in threads, and for the workers of a fleet.
Where a test runs the command as users do, as a process of its own, it runs as users have it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import TypeVar

VARIABLE = "MINTONCE_TEST_LOOP"

Loop = TypeVar("Loop", bound=asyncio.AbstractEventLoop)


def install() -> str:
    """Have asyncio make loops of the kind that is asked for, wherever it makes one; return it."""
    mode = os.environ.get(VARIABLE, "")
    if mode:
        _install(_makers()[mode])
        logging.getLogger("asyncio").addFilter(_is_of_interest)
    return mode


def _is_of_interest(record: logging.LogRecord) -> bool:
    # On a busy machine any step takes long now and then; what blocks is found by its calls.
    if "took %.3f" not in str(record.msg):
        return True
    return getattr(asyncio.get_running_loop(), "slow_callback_duration", None) == 0


def prepared(make: Callable[[], Loop]) -> Callable[[], Loop]:
    """Give the loops that a test makes itself what they can have of the mode."""

    def made() -> Loop:
        loop, mode = make(), os.environ.get(VARIABLE)
        loop.set_debug(mode == "debug")
        if mode == "eager":
            loop.set_task_factory(getattr(asyncio, "eager_task_factory"))  # noqa: B009 - the types are those of 3.11
        return loop

    return made


def _makers() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {
        "debug": prepared(asyncio.SelectorEventLoop),
        "eager": prepared(asyncio.SelectorEventLoop),
        "uvloop": lambda: import_module("uvloop").new_event_loop(),
    }


def _install(make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    with warnings.catch_warnings():
        # Deprecated from Python 3.14 on; until 3.16 there is no other way into `asyncio.run`.
        warnings.simplefilter("ignore", DeprecationWarning)

        class Policy(asyncio.DefaultEventLoopPolicy):
            def new_event_loop(self) -> asyncio.AbstractEventLoop:
                return make()

        asyncio.set_event_loop_policy(Policy())  # type: ignore[deprecated]  # as said above


def kind() -> str:
    """Tell what kind of loop runs, by the names of the modes."""
    loop = asyncio.get_running_loop()
    if type(loop).__module__.startswith("uvloop"):
        return "uvloop"
    return "debug" if loop.get_debug() else "eager" if loop.get_task_factory() else ""
