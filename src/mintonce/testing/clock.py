"""A clock that only moves when it is told to."""

from __future__ import annotations


class ManualClock:
    """The two clocks of a machine, turned by hand, so that no test has to wait.

    The wall clock is the time of day, in seconds since 1970: people and NTP set it. The steady
    clock counts seconds from an arbitrary point and never goes back; it counts suspend too.
    """

    def __init__(self, wall: float = 1_700_000_000.0, steady: float = 1000.0) -> None:
        self._wall = wall
        self._steady = steady

    def __repr__(self) -> str:
        return f"ManualClock(wall={self._wall!r}, steady={self._steady!r})"

    def wall(self) -> float:
        """The time of day, in seconds since 1970."""
        return self._wall

    def steady(self) -> float:
        """Seconds since an arbitrary point; never fewer than before."""
        return self._steady

    def advance(self, seconds: float) -> None:
        """Let time pass, by both clocks; ``ValueError`` if it should run backwards."""
        if seconds < 0:
            raise ValueError("time does not run backwards; step_wall() sets the wall clock back")
        self._wall += seconds
        self._steady += seconds

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock forward or, below zero, back, as NTP or an operator does."""
        self._wall += seconds

    def suspend(self, seconds: float) -> None:
        """Put the machine to sleep: both clocks go on, and nothing that runs sees them move."""
        self.advance(seconds)
