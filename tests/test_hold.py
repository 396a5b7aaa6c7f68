"""The token in hand: judged by both clocks, renewed at a moment that is drawn once."""

from __future__ import annotations

import pytest

from making import NOW, make_token
from mintonce.clock import Moment, now
from mintonce.hold import Hold
from mintonce.testing import ManualClock
from mintonce.token import Token

STEADY = 1000.0
HOUR = make_token(lifetime=3600)


def hold(token: Token = HOUR, *, refresh_ahead: float = 60.0, wall: float = NOW) -> Hold:
    """This token, taken in hand at this time."""
    return Hold.of(token, Moment(wall, STEADY), refresh_ahead=refresh_ahead)


def test_it_ends_when_the_token_expires() -> None:
    """On the steady clock, counted from what is left of the token's life."""
    assert STEADY + 3600 == hold().ends
    assert STEADY + 600 == hold(make_token(issued_at=NOW - 3000)).ends


def test_it_never_lasts_longer_than_a_token_lives() -> None:
    """The clock of the minter was ahead of ours, or ours is behind."""
    assert STEADY + 3600 == hold(make_token(issued_at=NOW + 200)).ends


@pytest.mark.parametrize(
    ("steady", "wall", "remaining"),
    [
        (0, 0, 3600),
        (600, 600, 3000),
        (600, 0, 3000),
        (600, -9999, 3000),
        (600, 900, 2700),
        (600, 9999, -6399),
        (4000, 0, -400),
    ],
    ids=["at once", "later", "wall stood", "set back", "set forth", "far forth", "slept"],
)
def test_the_clock_that_says_less_is_believed(steady: float, wall: float, remaining: float) -> None:
    """Whichever of them was set, or stood still."""
    assert remaining == hold().remaining(Moment(NOW + wall, STEADY + steady))


def test_a_clock_that_was_turned_after_it_was_taken_in_hand() -> None:
    """As a manager sees it."""
    clock = ManualClock(NOW, STEADY)
    taken = Hold.of(HOUR, now(clock), refresh_ahead=60)
    clock.advance(100)
    clock.step_wall(-50)
    assert 3500 == taken.remaining(now(clock))
    clock.step_wall(500)
    assert 3050 == taken.remaining(now(clock))


@pytest.mark.parametrize(
    ("lifetime", "refresh_ahead", "earliest"),
    [(3600, 60, 60), (3600, 600, 360), (100, 60, 10), (2, 60, 0.2), (86_400, 0, 0)],
)
def test_early_renewal_starts_in_the_last_part(
    lifetime: float, refresh_ahead: float, earliest: float
) -> None:
    """So much before the end, but at most a tenth of the lifetime; and half of that at least."""
    for _ in range(50):
        taken = hold(make_token(lifetime=lifetime), refresh_ahead=refresh_ahead)
        assert earliest / 2 - 1e-6 <= taken.ends - taken.due <= earliest + 1e-6


def test_processes_do_not_renew_at_the_same_moment() -> None:
    """Each draws its own."""
    dues = {hold().due for _ in range(20)}
    assert len(dues) > 10
    assert max(dues) - min(dues) > 5


def test_the_moment_is_drawn_once() -> None:
    """It does not come nearer with each look."""
    taken = hold()
    due = taken.due
    for second in range(100):
        taken.remaining(Moment(NOW + second, STEADY + second))
    assert due == taken.due


def test_an_old_token_is_due_by_what_is_left_of_it() -> None:
    """Whoever adopts it late renews it when the others do."""
    taken = hold(make_token(issued_at=NOW - 3570))
    assert STEADY + 30 == taken.ends
    assert taken.ends - 60 <= taken.due <= taken.ends - 30
