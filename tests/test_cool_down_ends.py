"""When a cool-down is over, or was never about the request that would be sent now."""

from __future__ import annotations

import pytest

from making import NOW, make_cool_down, make_lease, make_record, make_token
from mintonce.record import CoolDown
from mintonce.renewal import SKEW, Claim, Need, Old, Refuse, Step, Tell, decide
from mintonce.token import Token

ME = make_lease("me")
ENDING = make_token("ending", issued_at=NOW - 3590)
SAME = make_cool_down(trouble="same", until=ENDING.expires_at, seconds=3600.0)


def step(cool_down: CoolDown, need: Need, *, now: float = NOW, cooled_for: float = 0.0) -> Step:
    """What this process does next, with a token that has ten seconds to live at `NOW`."""
    record = make_record(token=ENDING, cool_down=cool_down)
    return decide(record, now, need, me=ME, cooled_for=cooled_for)


@pytest.mark.parametrize("need", [Need(replaces=Old(ENDING, 10)), Need(60.0)])
def test_a_server_without_a_better_token_is_left_alone(need: Need) -> None:
    """As long as the one that there is can be used."""
    refusal = step(SAME, need)
    assert isinstance(refusal, Refuse)
    assert refusal.again_at is None
    assert ENDING.expires_at == refusal.error.__dict__["retry_at"]


def test_a_token_that_is_over_can_be_bettered() -> None:
    """Also while the cool-down seems to go on, since the wall clock was set back."""
    assert isinstance(step(SAME, Need(expired=ENDING)), Claim)
    assert isinstance(step(SAME, Need(), now=NOW + 10), Claim)


def test_a_token_that_was_rejected_can_be_bettered() -> None:
    """Though that could not be shared when it was reported: it is shared first."""
    assert isinstance(step(SAME, Need(rejected=frozenset({ENDING.fingerprint}))), Tell)


@pytest.mark.parametrize(
    ("now", "cooled_for", "left"),
    [
        (NOW, 0.0, 60.0),
        (NOW + 59, 59.0, 1.0),
        (NOW, 59.0, 1.0),
        (NOW - SKEW, 0.0, 60.0),
        (NOW - SKEW, 59.0, 1.0),
        (NOW + 59, 0.0, 1.0),
    ],
)
def test_a_cool_down_lasts_as_long_as_it_was_meant_to(
    now: float, cooled_for: float, left: float
) -> None:
    """By the wall clock or by the steady one of who waits, whichever ends it sooner."""
    refusal = step(make_cool_down(), Need(expired=ENDING), now=now, cooled_for=cooled_for)
    assert isinstance(refusal, Refuse)
    assert (left, now + left) == (
        refusal.error.__dict__["retry_after"],
        refusal.error.__dict__["retry_at"],
    )


@pytest.mark.parametrize("now", [NOW, NOW - SKEW])
def test_a_cool_down_that_was_known_for_its_time_is_over(now: float) -> None:
    """Whatever the wall clock says."""
    assert isinstance(step(make_cool_down(), Need(expired=ENDING), now=now, cooled_for=60.0), Claim)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (make_token("other", issued_at=NOW - 3000, lifetime=3600), True),
        (make_token("other", issued_at=NOW - 3600, lifetime=3600), False),
        (make_token("ending", issued_at=NOW - 3590), False),
        (make_token("ending", issued_at=NOW - 3590, lifetime=7200), True),
    ],
    ids=["it lives longer", "it does not", "the same", "the same, made to live longer"],
)
def test_early_renewal_takes_what_lives_longer(there: Token, *, expected: bool) -> None:
    """By the life that is left: which of two expires later depends on the clocks."""
    # The wall clock was set back by an hour since the old one was issued.
    old = make_token("ending", issued_at=NOW + 10)
    need = Need(replaces=Old(old if there.access_token != "ending" else ENDING, 10))
    used = decide(make_record(token=there), NOW, need, me=ME)
    assert expected == (not isinstance(used, Claim))
