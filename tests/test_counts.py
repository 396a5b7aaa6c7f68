"""How requests are counted second by second, so that the count stays small and is never too low."""

from __future__ import annotations

import pytest

from mintonce.counts import Counts, less, more

HOUR = 3600


@pytest.mark.parametrize(
    ("counts", "at", "after"),
    [
        ((), 10_000.0, ((10_000, 1),)),
        (((9_000, 2),), 9_999.1, ((9_000, 2), (10_000, 1))),
        (((10_000, 2),), 10_000.0, ((10_000, 3),)),
        (((10_001, 2),), 10_000.0, ((10_000, 1), (10_001, 2))),
    ],
    ids=["the first", "rounded up", "in the same second", "earlier than another"],
)
def test_one_more(counts: Counts, at: float, after: Counts) -> None:
    """It counts in its second, and the oldest comes first."""
    assert after == more(counts, at, now=10_000.0, kept=9_999.0)


@pytest.mark.parametrize(("second", "left"), [(100, 1), (101, 2)])
def test_what_no_window_can_reach_is_dropped(second: int, left: int) -> None:
    """As soon as it is as old as that."""
    counts = more(((second, 1),), 200.0, now=200.0, kept=100.0)
    assert left == sum(number for _, number in counts)


@pytest.mark.parametrize(
    ("second", "kept_as"), [(6_401, 6_401), (6_400, 6_600), (6_300, 6_300), (6_001, 6_300)]
)
def test_what_is_an_hour_old_is_kept_by_five_minutes(second: int, kept_as: int) -> None:
    """By those that end after it."""
    now = float(6_400 + HOUR)
    assert ((kept_as, 1), (int(now), 1)) == more(((second, 1),), now, now=now, kept=1e6)


def test_one_less() -> None:
    """Of those in its second; what is not there is not taken back."""
    counts = ((10, 1), (11, 2))
    assert ((11, 2),) == less(counts, 10.0)
    assert ((10, 1), (11, 1)) == less(counts, 10.1)
    assert counts == less(counts, 12.0)
