"""Time limits for what others do, counted in time that this process has run.

A process may stand still: a laptop that sleeps, a container that is frozen between two requests.
When it goes on, all timers of its event loop are over at once, though the answer may have been
there all along and nobody had the time to look. Giving up then would waste a token.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_SLICES = 10  # one after another: however long it stood still, that takes away one of them


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncGenerator[None]:
    """Cancel the block after so many seconds in which the process ran.

    Later where the event loop is: each slice begins when the one before has been seen to end.

    Raises:
        TimeoutError: It was cancelled.

    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle
    async with asyncio.timeout(None) as limit:

        def count(left: int) -> None:
            nonlocal timer
            if left:
                timer = loop.call_later(seconds / _SLICES, count, left - 1)
            else:
                limit.reschedule(loop.time())

        timer = loop.call_later(seconds / _SLICES, count, _SLICES - 1)
        try:
            yield
        finally:
            timer.cancel()
