"""Waiting for others: how long a value stood still, and when to look again."""

from __future__ import annotations

from itertools import islice

import pytest

from mintonce.renewal import HEARTBEAT, LEASE
from mintonce.testing import ManualClock
from mintonce.watch import LOOK, Since, Watch, polls


def looks(*steps: tuple[float, bytes | None]) -> list[float]:
    """What a watch says at each look: after so many seconds, at this value."""
    clock = ManualClock()
    watch, said = Watch(clock), list[float]()
    for seconds, raw in steps:
        clock.advance(seconds)
        said.append(round(watch.look(raw), 6))
    return said


def test_a_value_that_stands_still() -> None:
    """Counted from the first look at it."""
    assert [0.0, 0.5, 1.0, 1.25] == looks((9, b"a"), (0.5, b"a"), (0.5, b"a"), (0.25, b"a"))


def test_a_value_that_changes() -> None:
    """Counted anew at each change, also where an old value comes back."""
    assert [0.0, 0.5, 0.0, 0.5, 0.0] == looks(
        (0, b"a"), (0.5, b"a"), (0.5, b"b"), (0.5, b"b"), (0.5, b"a")
    )


def test_a_value_that_goes_away() -> None:
    """That is a change, too."""
    assert [0.0, 0.0, 0.5] == looks((0, b"a"), (0.5, None), (0.5, None))


def test_the_wall_clock_does_not_matter() -> None:
    """It may be set meanwhile."""
    clock = ManualClock()
    watch = Watch(clock)
    watch.look(b"a")
    clock.step_wall(-3600)
    clock.advance(0.5)
    assert 0.5 == watch.look(b"a")


def test_who_was_paused_has_not_watched() -> None:
    """An hour of suspend is one look: the holder, if it slept as well, has time to show itself."""
    before, after = looks((0, b"a"), (LOOK, b"a"), (3600, b"a"))[1:]
    assert (LOOK, 2 * LOOK) == (before, after)
    assert HEARTBEAT + 2 * LOOK < LEASE


@pytest.mark.parametrize("between", [0.02, 0.1, LOOK, 2.0, 5.0])
def test_a_lease_is_seen_to_be_dead(between: float) -> None:
    """However slow the store is: the looks add up."""
    said = looks((0, b"a"), *[(between, b"a")] * 200)
    needed = next(number for number, seconds in enumerate(said) if seconds >= LEASE)
    assert LEASE <= needed * between <= max(LEASE + between, 5 * between)


def test_looks_come_soon_at_first_and_then_seldom() -> None:
    """After 20 ms, then less and less often, down to a dozen times a second."""
    pauses = list(islice(polls(), 50))
    assert 0.015 <= pauses[0] <= 0.02
    assert all(0.06 <= pause <= 0.08 for pause in pauses[5:])
    assert pauses[1] <= 0.03


def test_looks_are_not_in_step() -> None:
    """Processes that started together look at different moments."""
    assert 1 < len({tuple(islice(polls(), 3)) for _ in range(9)})


def test_how_long_something_is_known() -> None:
    """Counted from when it was first seen, until something else is."""
    clock = ManualClock()
    since, said = Since[str](clock), list[float]()
    for seconds, thing in [(1, None), (1, "a"), (3600, "a"), (1, None), (1, "a"), (2, "b")]:
        clock.advance(seconds)
        clock.step_wall(-100)
        said.append(since.look(thing))
    assert [0.0, 3600.0, 0.0, 0.0, 0.0] == said[1:]
