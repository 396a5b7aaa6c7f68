"""An event loop whose time passes when all wait for it, so that nobody has to."""

from __future__ import annotations

import asyncio
import selectors

let_pass = asyncio.sleep  # of the made-up time


class _Selector(selectors.SelectSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits for something that will never happen")
        self.now += max(timeout, 0.0)
        return []


class MadeUpTime(asyncio.SelectorEventLoop):
    """An event loop whose clock is moved on instead of waited for."""

    def __init__(self) -> None:
        self._passed = _Selector()
        super().__init__(self._passed)

    def time(self) -> float:
        """Seconds since it was made."""
        return self._passed.now
