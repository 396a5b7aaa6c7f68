"""Calls under way, one of a name at a time. Callers come and leave; the call stays.

Knows nothing of tokens. A call is a task that the `Flights` own: the caller that started it is in
no way special, and cancelling any of the callers, or all of them, does not cancel it.
"""

from __future__ import annotations

import asyncio
import copy
import os
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

from mintonce.errors import UsageError

T = TypeVar("T")


class _Call(NamedTuple):
    task: asyncio.Task[Any]
    waiters: dict[asyncio.Future[None], None]  # in the order in which they came


class Flights:
    """The calls under way on one event loop; on another one after that, but not on two at once."""

    __slots__ = ("_calls", "_loop", "_pid")

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0

    def __contains__(self, name: str) -> bool:
        # Done but not yet forgotten is not under way: joining it would bring an old result.
        return name in self._calls and not self._calls[name].task.done()

    def enter(self) -> None:
        """Get ready for calls on the running loop, and forget those of a loop that is gone.

        Raises:
            UsageError: Another loop is running, in another thread.

        """
        loop, pid = asyncio.get_running_loop(), os.getpid()
        if self._loop is loop and self._pid == pid:
            return
        # A forked child inherits the loop of its parent, and the tasks on it, but none of it runs.
        if self._loop is not None and self._pid == pid and self._loop.is_running():
            raise UsageError(
                "two running event loops use one TokenManager: make one for each;"
                " managers with the same store share their tokens"
            )
        self._calls, self._loop, self._pid = {}, loop, pid

    def start(self, name: str, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Start the call `name`, unless it is under way."""
        self._call(name, call)

    async def join(self, name: str, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for the call `name`, under the cancellation of the caller alone.

        Raises:
            Exception: What the call raised, as a copy: each caller adds a traceback of its own.

        """
        # Thousands may wait, and leave at once: a future for each costs half of `asyncio.shield`,
        # which from Python 3.14 on also tells the event loop of errors that nobody waits for.
        task, waiters = self._call(name, call)
        end = task.get_loop().create_future()
        waiters[end] = None
        try:
            await end
        finally:
            del waiters[end]
        # Not `result`: it raises the error itself, and only the first time with its traceback.
        if error := task.exception():
            raise own(error) from error.__cause__
        return cast(T, task.result())

    def cancel(self, name: str) -> None:
        """Stop the call `name`, if it is under way."""
        if call := self._calls.get(name):
            call.task.cancel()

    async def drain(self, *, but: str | None = None) -> None:
        """Wait until no call is under way, or only the call `but`.

        What they raise goes to those who joined them.
        """
        while tasks := [call.task for name, call in self._calls.items() if name != but]:
            await asyncio.wait(tasks)
            await asyncio.sleep(0)  # let their callbacks run

    def _call(self, name: str, start: Callable[[], Coroutine[Any, Any, object]]) -> _Call:
        self.enter()
        call = self._calls.get(name)
        if call is None or call.task.done():
            # An empty context: the call belongs to no caller, nor to a caller's trace or request.
            loop = asyncio.get_running_loop()
            task = loop.create_task(start(), name=f"mintonce {name}", context=Context())
            call = self._calls[name] = _Call(task, {})
            task.add_done_callback(partial(self._landed, name, call))
        return call

    def _landed(self, name: str, call: _Call, task: asyncio.Task[Any]) -> None:
        if self._calls.get(name) is call:
            del self._calls[name]
        if not task.cancelled():
            task.exception()  # seen: nobody may be waiting
        for waiter in call.waiters:
            if not waiter.done():
                waiter.set_result(None)


def own(error: BaseException) -> BaseException:
    """Copy `error` for one of many callers, so that none adds its traceback to another's."""
    try:
        return copy.copy(error).with_traceback(error.__traceback__)
    except TypeError:  # its constructor wants more than its arguments
        return error
