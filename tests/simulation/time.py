"""Made-up time: it passes when nobody has anything left to do, and as far as somebody waits.

Each simulated process has an event loop of its own; all of them share one timeline. A process that
is stopped, as by SIGSTOP, runs nothing, at whatever ``await`` its tasks are, while time passes for
the others. One that was killed is stopped for ever.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar
from weakref import WeakSet

T = TypeVar("T")


class Stuck(Exception):
    """Everybody waits for something that will never happen."""


class Call:
    """A callback that an event loop is to make."""

    __slots__ = ("args", "callback", "context", "loop", "when")

    def __init__(
        self,
        loop: ProcessLoop,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context | None,
        when: float = 0.0,
    ) -> None:
        self.loop = loop
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.context = context or copy_context()
        self.when = when

    def cancel(self) -> None:
        """Make it never."""
        self.callback = None
        self.args = ()

    def cancelled(self) -> bool:
        """Whether it is never made."""
        return self.callback is None


class Timeline:
    """The time, and what happens in which order.

    Attributes:
        now: Seconds since the beginning.
        complaints: What event loops had to say of errors that nobody looked at.

    """

    def __init__(self) -> None:
        self.now = 0.0
        self.complaints: list[str] = []
        self.ready: deque[Call] = deque()
        self._later: list[tuple[float, int, Call]] = []
        self._number = itertools.count()

    def at(self, call: Call) -> None:
        """Have a callback made when its time has come."""
        heapq.heappush(self._later, (call.when, next(self._number), call))

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Let time pass until `main` is done, on an event loop that no process stops."""
        task: asyncio.Task[T] = ProcessLoop(self).create_task(main)
        before = asyncio._get_running_loop()
        try:
            while not task.done():
                self._turn()
        finally:
            asyncio._set_running_loop(before)
        return task.result()

    def _turn(self) -> None:
        if not self.ready:
            self._pass()
        # Only those that are ready by now: what they bring about comes after, as in asyncio.
        for _ in range(len(self.ready)):
            call = self.ready.popleft()
            if call.callback is None:
                continue
            if call.loop.is_stopped:
                call.loop.held.append(call)
                continue
            asyncio._set_running_loop(call.loop)
            call.context.run(call.callback, *call.args)

    def _pass(self) -> None:
        later = self._later
        while later and later[0][2].callback is None:
            heapq.heappop(later)
        if not later:
            raise Stuck("everybody waits for something that will never happen")
        self.now = max(self.now, later[0][0])
        while later and later[0][0] <= self.now:
            self.ready.append(heapq.heappop(later)[2])


# What the type checker calls abstract there raises an error when called, and nobody calls it.
_Loop: Any = asyncio.AbstractEventLoop


class ProcessLoop(_Loop):  # type: ignore[misc]  # of no type, as said above
    """The event loop of one process.

    Attributes:
        is_stopped: Whether the process stands still.
        held: What it would have done meanwhile.

    """

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.is_stopped = False
        self.held: list[Call] = []
        self._tasks: WeakSet[asyncio.Task[Any]] = WeakSet()

    def stop(self) -> None:
        """Stand still, as after SIGSTOP."""
        self.is_stopped = True

    def go_on(self) -> None:
        """Go on, as after SIGCONT."""
        self.is_stopped = False
        self.timeline.ready.extend(self.held)
        self.held.clear()

    def time(self) -> float:
        """Seconds of the made-up time."""
        return self.timeline.now

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Call:
        """Make a callback in the next turn."""
        call = Call(self, callback, args, context)
        self.timeline.ready.append(call)
        return call

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Call:
        """Make a callback when its time has come."""
        call = Call(self, callback, args, context, when)
        self.timeline.at(call)
        return call

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Call:
        """Make a callback after so many seconds."""
        call = Call(self, callback, args, context, self.timeline.now + delay)
        self.timeline.at(call)
        return call

    def create_future(self) -> asyncio.Future[Any]:
        """Make a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        """Start a task."""
        task = asyncio.Task(coro, loop=self, **options)
        self._tasks.add(task)
        return task

    def tasks(self) -> set[asyncio.Task[Any]]:
        """Return the tasks that are not done, as `asyncio.all_tasks` does, but fast."""
        return {task for task in self._tasks if not task.done()}

    def get_debug(self) -> bool:
        """Whether asyncio should look closer."""
        return False

    def is_running(self) -> bool:
        """Whether it runs just now."""
        return asyncio._get_running_loop() is self

    def is_closed(self) -> bool:
        """Whether it is no longer of use: never."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Note an error that nobody looked at."""
        self.timeline.complaints.append(f"{context['message']}: {context.get('exception')!r}")
