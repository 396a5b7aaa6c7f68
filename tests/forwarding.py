"""An event loop that never waits: where nothing is left to do, it moves its time on.

Sockets, threads and all other parts are real. A test that is full of time limits, pauses and days
takes as long as what it does.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_LONG = 0.25  # seconds
_QUIET = 2  # sockets of a loop with no connection: one to wake it, one of a server


class Forwarding(asyncio.SelectorEventLoop):
    """An event loop whose time passes by itself, as fast as it can.

    Args:
        grace: Seconds to wait for what is on its way, before time is skipped.

    """

    def __init__(self, grace: float = 0.001) -> None:
        super().__init__(_Selector(self))
        self.grace = grace
        self.skipped = 0.0
        self.at_work = 0

    def time(self) -> float:
        """Seconds, those that were skipped included."""
        return super().time() + self.skipped

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Let no time be skipped while a thread is at work, whose end nobody can see coming."""
        self.at_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._done)
        return future

    def _done(self, _: object) -> None:
        self.at_work -= 1


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: Forwarding) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0 or self._loop.at_work:
            return super().select(timeout)
        # What is written to a loopback socket arrives at once, but not on a machine that is busy.
        grace = self._loop.grace if len(self.get_map()) > _QUIET else 0
        found = super().select(min(grace, timeout))
        if not found:
            self._loop.skipped += timeout
        return found


class LoopClock:
    """Both clocks of a machine, as the running event loop tells the time."""

    def __init__(self, wall: float = 1_700_000_000.0) -> None:
        self._began = wall - self.steady()

    def wall(self) -> float:
        """Unix seconds."""
        return self._began + self.steady()

    def steady(self) -> float:
        """Seconds from an arbitrary start."""
        return asyncio.get_running_loop().time()


def run(test: Callable[[], Coroutine[Any, Any, T]], *, grace: float = 0.001) -> T:
    """Run a test on a loop whose time moves on by itself."""
    with asyncio.Runner(loop_factory=partial(Forwarding, grace)) as runner:
        return runner.run(test())


def run_surely(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test; if it fails, once more with so much grace that no skip can be to blame."""
    try:
        run(test)
    except AssertionError:
        run(test, grace=_LONG)


async def passes(seconds: float) -> None:
    """Return when so much time has passed on the running loop."""
    end = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(seconds, end.set_result, None)
    await end
