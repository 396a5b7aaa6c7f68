"""The two clocks of this host."""

from __future__ import annotations

import time

import pytest

from mintonce.clock import Clock, Moment, SystemClock, now
from mintonce.testing import ManualClock


def test_the_wall_clock_tells_unix_seconds() -> None:
    """As the rest of the host sees it."""
    before = time.time()
    assert before <= SystemClock().wall() <= time.time()


def test_the_steady_clock_never_goes_back() -> None:
    """And goes at the pace of the others."""
    clock = SystemClock()
    started, began = clock.steady(), time.monotonic()
    readings = [clock.steady() for _ in range(1000)]
    assert sorted(readings) == readings
    assert time.monotonic() - began == pytest.approx(clock.steady() - started, abs=0.05)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux has this clock")
def test_the_steady_clock_counts_suspend() -> None:
    """`time.monotonic` does not, on this system."""
    assert SystemClock().steady() == pytest.approx(
        time.clock_gettime(time.CLOCK_BOOTTIME), abs=0.05
    )


def test_all_steady_clocks_of_a_host_agree() -> None:
    """Two managers measure the same time."""
    first, second = SystemClock(), SystemClock()
    assert first.steady() <= second.steady() <= first.steady()


def test_both_clocks_are_read_at_once() -> None:
    """For those who need both."""
    assert Moment(wall=100.0, steady=5.0) == now(ManualClock(100.0, 5.0))
    clocks: list[Clock] = [SystemClock(), ManualClock()]
    assert all(isinstance(now(clock), Moment) for clock in clocks)
