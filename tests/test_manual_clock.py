"""The clock of ``mintonce.testing`` moves when it is told to, and as it is told to."""

from __future__ import annotations

import pytest

from mintonce.clock import Clock
from mintonce.testing import ManualClock


def readings(clock: Clock) -> tuple[float, float]:
    """Wall and steady time."""
    return clock.wall(), clock.steady()


def test_it_stands_still() -> None:
    """Nothing moves by itself, and the two clocks begin apart."""
    clock = ManualClock()
    assert (1_700_000_000.0, 1000.0) == readings(clock) == readings(clock)


def test_time_passes_on_both_clocks() -> None:
    """Seconds and parts of them go by on both."""
    clock = ManualClock(wall=100.0, steady=5.0)
    clock.advance(1.5)
    assert (101.5, 6.5) == readings(clock)


def test_suspend_counts_on_both_clocks() -> None:
    """The steady clock of mintonce counts the time that the machine slept."""
    clock = ManualClock(wall=100.0, steady=5.0)
    clock.suspend(3600)
    assert (3700.0, 3605.0) == readings(clock)


@pytest.mark.parametrize("seconds", [-7200.0, 7200.0])
def test_only_the_wall_clock_is_stepped(seconds: float) -> None:
    """NTP and operators set the time of day, either way."""
    clock = ManualClock(wall=100_000.0, steady=5.0)
    clock.step_wall(seconds)
    assert (100_000.0 + seconds, 5.0) == readings(clock)


def test_time_does_not_run_backwards() -> None:
    """Who means to set the clock back is told how."""
    clock = ManualClock(wall=100.0, steady=5.0)
    with pytest.raises(ValueError, match="step_wall"):
        clock.advance(-1)
    assert (100.0, 5.0) == readings(clock)


def test_it_shows_its_readings() -> None:
    """A failing test prints the time."""
    assert "ManualClock(wall=100.0, steady=5.0)" == repr(ManualClock(100.0, 5.0))
