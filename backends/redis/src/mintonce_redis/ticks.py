"""Time as an event loop sees it pass.

While a process is kept from running, answers come and nobody takes them: that is no silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_TICK = 0.1  # seconds


class Ticks:
    """Counts seconds in which the event loop had a chance to run.

    Args:
        look: Called at each tick.

    Attributes:
        now: The seconds that were counted.

    """

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._call_later = asyncio.get_running_loop().call_later
        self._next: asyncio.TimerHandle = self._call_later(_TICK, self._tick)
        self.now: float = 0.0

    def stop(self) -> None:
        """Count no more."""
        self._next.cancel()

    def _tick(self) -> None:
        self.now += _TICK
        self._next = self._call_later(_TICK, self._tick)
        self._look()
