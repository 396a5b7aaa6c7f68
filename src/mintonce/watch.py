"""Waiting for others: how long a value stood still, and when to look again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Generic, TypeVar

from mintonce.clock import Clock

T = TypeVar("T")

LOOK = 0.5
"""Seconds for which one look vouches, at most: look this often to notice what stands still."""

LEAST = 0.02
"""Seconds between two looks, at least."""

_LONGEST = 0.08  # seconds between two looks where nobody tells of changes


class Watch:
    """Tells for how long a value has been seen unchanged, by the steady clock of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._raw: bytes | None = None
        self._looked = clock.steady()
        self._unchanged = 0.0

    def look(self, raw: bytes | None) -> float:
        """Note that `raw` is there now, and return the seconds for which it has been."""
        steady = self._clock.steady()
        # Who was paused between two looks has not watched; and maybe the holder was paused, too.
        watched = min(steady - self._looked, LOOK)
        self._unchanged = self._unchanged + watched if raw == self._raw else 0.0
        self._raw, self._looked = raw, steady
        return self._unchanged


class Since(Generic[T]):
    """Tells for how long something has been known, by the steady clock of this process."""

    __slots__ = ("_clock", "_known", "_since")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: T | None = None
        self._since = 0.0

    def look(self, thing: T | None) -> float:
        """Note what is there now, and return the seconds for which just this has been known."""
        steady = self._clock.steady()
        if thing != self._known:
            self._known, self._since = thing, steady
        return steady - self._since


class Patience:
    """How long callers are made to wait, by the clock of the manager and by that of the loop.

    They are the same but in tests, where nobody may be there to turn the one by hand.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._start, self._loop_start = clock.steady(), asyncio.get_running_loop().time()

    def lasts(self, seconds: float) -> bool:
        """Tell whether it lasts for so much longer."""
        real = asyncio.get_running_loop().time() - self._loop_start
        return max(self._clock.steady() - self._start, real) + seconds <= self._seconds


def polls() -> Iterator[float]:
    """Return the seconds to wait before each look: soon at first, then seldom, never in step."""
    pause = LEAST
    while True:
        # Not a secret: jitter keeps processes that started together apart.
        yield pause * random.uniform(0.75, 1.0)  # noqa: S311 - jitter needs no cryptography
        pause = min(pause * 1.5, _LONGEST)
