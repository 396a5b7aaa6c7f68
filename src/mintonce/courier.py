"""Calls listeners in a thread of its own, so that one that raises or blocks harms no caller."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from mintonce.limits import time_limit

logger: logging.Logger = logging.getLogger("mintonce")

WAIT = 1.0
"""Seconds that a manager which closes, and a process which ends, wait for listeners."""

_ROOM = 10_000  # calls that wait for a listener that blocks


class _Calls(queue.Queue[Callable[[], object]]):
    """What is to be called.

    Attributes:
        taken: How many the thread has taken from it so far.

    """

    taken: int = 0


class Courier:
    """One thread for all listeners of a process; it starts with the first call."""

    def __init__(self) -> None:
        self._forget()
        # A forked child has the state of its parent, but not the thread; and maybe the queue's
        # lock, held by a thread that is not there.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)
        atexit.register(self._wait)

    def _forget(self) -> None:
        self._calls = _Calls(_ROOM)
        self._blocked_at = -1
        self._starting = threading.Lock()
        self._has_started = False
        self._trouble = ""

    def deliver(self, call: Callable[[], object]) -> None:
        """Have something called later, after what was delivered before. Neither waits nor fails."""
        trouble = ""
        try:
            self._start()
            self._calls.put_nowait(call)
        except queue.Full:
            trouble = "a listener blocks: events are lost until it goes on"
        except RuntimeError:
            trouble = "listeners need a thread, and there is none: events are lost until there is"
        is_news, self._trouble = trouble not in ("", self._trouble), trouble
        if is_news:
            with suppress(Exception):  # of a log handler
                logger.warning(trouble)

    async def emptied(self) -> None:
        """Wait until all that was delivered so far has been called, but not for long.

        Where that was in vain once, because a listener blocks, nobody waits until it goes on.
        """
        calls = self._calls
        if calls.taken == self._blocked_at:
            return
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        self.deliver(partial(_tell, loop, end))
        if not self._has_started or await _is_set(end, WAIT / 2):
            return
        # Not as it was at the start, when the call that blocks may have been about to begin; nor as
        # it is at the end, where a listener may be that is only slow.
        taken = calls.taken
        if not await _is_set(end, WAIT / 2):
            self._blocked_at = taken

    def _start(self) -> None:
        if self._has_started:
            return
        with self._starting:
            if self._has_started:
                return
            # Nobody waits for it: a listener that blocks for ever must not keep a process from
            # ending.
            threading.Thread(
                target=_run, args=(self._calls,), name="mintonce events", daemon=True
            ).start()
            self._has_started = True

    def _wait(self) -> None:
        if not self._has_started:
            return  # nothing was told
        end = threading.Event()
        self.deliver(end.set)
        end.wait(WAIT)


def _run(calls: _Calls) -> None:
    while True:
        call = calls.get()
        calls.taken += 1
        try:
            call()
        except BaseException:  # whatever it is, there are others to be called
            with suppress(Exception):  # of a log handler
                logger.exception("a listener failed")


async def _is_set(end: asyncio.Event, within: float) -> bool:
    with suppress(TimeoutError):
        async with time_limit(within):
            await end.wait()
    return end.is_set()


def _tell(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop was closed meanwhile
        loop.call_soon_threadsafe(end.set)


courier: Courier = Courier()
