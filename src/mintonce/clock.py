"""The two clocks: one to share times with other hosts, one to measure what has passed.

Neither is enough. The wall clock is the only one that two hosts have in common, but operators and
NTP step it. The steady clock never steps, but its zero means nothing elsewhere. A token is judged
by both, and whichever says "expired" first is believed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol


class Clock(Protocol):
    """Where a manager reads the time. Tests bring a clock that is turned by hand."""

    def wall(self) -> float:
        """Unix seconds."""
        ...

    def steady(self) -> float:
        """Seconds from an arbitrary start; never steps, and goes on while the host is suspended."""
        ...


class Moment(NamedTuple):
    """One reading of both clocks, in seconds."""

    wall: float
    steady: float


def now(clock: Clock) -> Moment:
    """Read both clocks."""
    return Moment(clock.wall(), clock.steady())


class SystemClock:
    """The clocks of this host."""

    def __init__(self) -> None:
        # Attributes instead of methods: `TokenManager.get` pays for every call that is saved here.
        self.wall: Callable[[], float] = time.time
        self.steady: Callable[[], float] = _steady()


def _steady() -> partial[float]:
    # `time.monotonic` stops during suspend on Linux (CLOCK_MONOTONIC) and on macOS
    # (mach_absolute_time); these two go on. On Windows it counts suspend by itself.
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        if hasattr(time, name):
            return partial(time.clock_gettime, getattr(time, name))
    return partial(time.monotonic)


SYSTEM_CLOCK: SystemClock = SystemClock()
"""The same for all managers that are given none."""
