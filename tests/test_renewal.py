"""What one process does next: a table of records and needs, each read like a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from making import NOW, make_cool_down, make_lease, make_record, make_token
from mintonce import TokenRejected, TokenRequestError, UsageError
from mintonce.record import CoolDown, Lease, Reason, Record
from mintonce.renewal import (
    HEARTBEAT,
    LEASE,
    SKEW,
    Claim,
    Need,
    Old,
    Refuse,
    Step,
    Tell,
    Use,
    Wait,
    decide,
)
from mintonce.token import Token

ME = make_lease("me")
THEIRS = make_lease("them", by="other:2", reason="expired")
FRESH = make_token("fresh", lifetime=3600)
SPENT = make_token("spent", issued_at=NOW - 3600, lifetime=3600)
ENDING = make_token("ending", issued_at=NOW - 3590, lifetime=3600)
FROM_FUTURE = make_token("from-future", issued_at=NOW + SKEW + 1)

ANY = Need()


def step(record: Record, need: Need = ANY, *, now: float = NOW, unchanged_for: float = 0.0) -> Step:
    """What this process does next."""
    return decide(record, now, need, me=ME, unchanged_for=unchanged_for)


def rejected(token: Token) -> Need:
    """The need of those who saw this token rejected."""
    return Need(rejected=frozenset({token.fingerprint}))


@pytest.mark.parametrize(
    ("token", "need"),
    [
        pytest.param(FRESH, ANY, id="a fresh token is used"),
        pytest.param(ENDING, ANY, id="one with ten seconds to live is used"),
        pytest.param(ENDING, Need(10.0), id="it lives exactly as long as it must"),
        pytest.param(FRESH, Need(3600.0), id="so does a fresh one, asked for all of its life"),
        pytest.param(FRESH, Need(replaces=Old(ENDING, 10)), id="it replaces an older one"),
        pytest.param(FRESH, rejected(SPENT), id="another one was rejected"),
        pytest.param(FRESH, Need(expired=SPENT), id="another one is known to be over"),
        pytest.param(
            make_token(issued_at=NOW + SKEW), ANY, id="a clock may differ by five minutes"
        ),
    ],
)
@pytest.mark.parametrize(
    "others",
    [
        {},
        {"lease": THEIRS},
        {"cool_down": make_cool_down()},
        {"rejected": ("0123456789ab",)},
    ],
    ids=["nobody mints", "somebody mints", "nobody may mint", "another was rejected"],
)
def test_a_usable_token_is_used(token: Token, need: Need, others: dict[str, object]) -> None:
    """Whatever else is going on: no wait, no request, no error."""
    assert Use(token) == step(make_record(token=token, **others), need)


@pytest.mark.parametrize(
    ("token", "need", "reason"),
    [
        pytest.param(None, ANY, "cold", id="there is none"),
        pytest.param(SPENT, ANY, "expired", id="it expires at this moment"),
        pytest.param(replace(SPENT, expires_at=NOW - 9), ANY, "expired", id="it expired"),
        pytest.param(FROM_FUTURE, ANY, "expired", id="it was stamped by a clock that was wrong"),
        pytest.param(FROM_FUTURE, Need(9e9), "expired", id="so its lifetime says nothing"),
        pytest.param(FRESH, Need(expired=FRESH), "expired", id="it is known to be over"),
        pytest.param(ENDING, Need(10.1), "early", id="it does not live long enough"),
        pytest.param(FRESH, Need(replaces=Old(FRESH, 3600)), "early", id="it is to be replaced"),
        pytest.param(FRESH, Need(replaces=Old(ENDING, 3600)), "early", id="it is as old as that"),
    ],
)
def test_without_a_usable_token_one_is_claimed(
    token: Token | None, need: Need, reason: Reason
) -> None:
    """The lease goes into the record, with the reason; all else stays as it is."""
    record = make_record(token=token, failures=2, rejected=("0123456789ab",))
    old = token.fingerprint if token else None
    lease = replace(ME, reason=reason, instead_of=old)
    assert Claim(replace(record, lease=lease), lease) == step(record, need)


@pytest.mark.parametrize("need", [ANY, rejected(FRESH)], ids=["others", "these callers"])
@pytest.mark.parametrize("now", [NOW, NOW + 9999], ids=["fresh", "expired"])
def test_a_token_that_was_rejected_is_replaced(need: Need, now: float) -> None:
    """Whoever saw it; and also if it has expired meanwhile, it is known why there is no other."""
    record = make_record(token=FRESH, rejected=(FRESH.fingerprint,))
    lease = replace(ME, reason="rejected", instead_of=FRESH.fingerprint)
    assert Claim(replace(record, lease=lease), lease) == step(record, need, now=now)


def test_a_rejection_that_only_these_callers_know_is_told_first() -> None:
    """Otherwise nobody would notice that the server hands out the same token again."""
    assert Tell(FRESH.fingerprint) == step(make_record(token=FRESH), rejected(FRESH))
    assert Tell(SPENT.fingerprint) == step(make_record(token=SPENT), rejected(SPENT))


@pytest.mark.parametrize("others", [{"lease": THEIRS}, {"cool_down": make_cool_down()}])
def test_nothing_is_told_while_nothing_can_be_minted(others: dict[str, Lease | CoolDown]) -> None:
    """There is time for that when the others are done."""
    assert isinstance(step(make_record(token=FRESH, **others), rejected(FRESH)), Wait | Refuse)


def leased(holder: str = "them") -> Record:
    """A record without a token, and with a lease."""
    return make_record(token=None, lease=replace(THEIRS, holder=holder))


@pytest.mark.parametrize("unchanged_for", [0.0, 1.0, LEASE - 0.01])
def test_who_mints_is_waited_for(unchanged_for: float) -> None:
    """As long as the record changes now and then."""
    assert Wait() == step(leased(), unchanged_for=unchanged_for)


def test_a_lease_that_stands_still_is_dead() -> None:
    """Whoever sees that takes its place."""
    assert isinstance(step(leased(), unchanged_for=LEASE), Claim)


def test_ones_own_lease_is_not_waited_for() -> None:
    """The answer to the claim was lost, and it had succeeded."""
    assert isinstance(step(leased("me")), Claim)


def test_one_heartbeat_may_fail() -> None:
    """The lease outlives it."""
    assert 2 * HEARTBEAT < LEASE


def cooling(**changes: object) -> Record:
    """A record without a token, in a cool-down of a minute."""
    return make_record(token=None, cool_down=make_cool_down(**changes))


@pytest.mark.parametrize(
    ("trouble", "kind", "permanent", "may_have_issued", "again_at"),
    [
        ("passing", TokenRequestError, False, False, NOW + 60),
        ("lost", TokenRequestError, False, True, None),
        ("permanent", TokenRequestError, True, False, None),
        ("rejected", TokenRejected, False, False, None),
        ("later", TokenRequestError, False, True, NOW + 60),
    ],
)
def test_in_a_cool_down_nobody_asks(
    trouble: str,
    kind: type[TokenRequestError],
    permanent: bool,  # noqa: FBT001 - a column of a table
    may_have_issued: bool,  # noqa: FBT001 - as above
    again_at: float | None,
) -> None:
    """Every process tells its callers what went wrong; only what soon passes is worth a wait."""
    refusal = step(cooling(trouble=trouble, status=503, error="busy", credential="c0ffee00"))
    assert isinstance(refusal, Refuse)
    assert (again_at, "c0ffee00") == (refusal.again_at, refusal.credential)
    error = refusal.error
    assert type(error) is kind
    assert isinstance(error, TokenRequestError)
    assert "no answer; it is asked again at 2023-11-14T22:14:20Z" == str(error)
    assert (503, "busy") == (error.status, error.error)
    assert (60.0, NOW + 60) == (error.retry_after, error.retry_at)
    assert (permanent, may_have_issued) == (error.permanent, error.may_have_issued)


def test_a_cool_down_comes_before_a_lease() -> None:
    """There is nothing to wait for."""
    record = replace(cooling(), lease=THEIRS)
    assert isinstance(step(record), Refuse)


@pytest.mark.parametrize(
    ("cool_down", "now"),
    [
        pytest.param(make_cool_down(), NOW + 60, id="it is over"),
        pytest.param(make_cool_down(), NOW + 99, id="it is long over"),
        pytest.param(
            make_cool_down(), NOW - SKEW - 1, id="it seems to last longer than it was meant to"
        ),
    ],
)
def test_a_cool_down_ends(cool_down: CoolDown, now: float) -> None:
    """Also one that was written by a clock that was wrong."""
    assert isinstance(step(make_record(token=None, cool_down=cool_down), now=now), Claim)


def test_a_cool_down_is_believed_although_clocks_differ() -> None:
    """By five minutes."""
    assert isinstance(step(cooling(), now=NOW - SKEW), Refuse)


@pytest.mark.parametrize(
    ("refused", "present", "expected"),
    [
        ("old", "new", Claim),
        ("old", "old", Refuse),
        ("old", None, Refuse),
        (None, "new", Refuse),
        (None, None, Refuse),
    ],
)
def test_rotated_credentials_need_not_wait(
    refused: str | None, present: str | None, expected: type[Step]
) -> None:
    """If it is known that others were refused than there are now."""
    record = cooling(trouble="permanent", credential=refused)
    assert isinstance(step(record, Need(credential=present)), expected)


@pytest.mark.parametrize("others", [{}, {"lease": THEIRS}, {"cool_down": make_cool_down()}])
def test_nobody_can_ask_for_nearly_all_of_a_lifetime(others: dict[str, Lease | CoolDown]) -> None:
    """Nearly every call would mint; the message says what the server's tokens live."""
    old = make_token(issued_at=NOW - 1800)
    refusal = step(make_record(token=old, **others), Need(3241.0))
    assert isinstance(refusal, Refuse)
    assert isinstance(refusal.error, UsageError)
    assert "min_validity=3241" in str(refusal.error)
    assert "tokens live 3600 s" in str(refusal.error)
    assert refusal.again_at is None


def test_nine_tenths_of_a_lifetime_can_be_asked_for() -> None:
    """For that a new token is minted."""
    assert isinstance(step(make_record(token=make_token(issued_at=NOW - 1800)), Need(3240)), Claim)


def test_how_long_tokens_live_may_have_changed_since_the_last_one() -> None:
    """An expired token is no reason to refuse a long need."""
    assert isinstance(step(make_record(token=SPENT), Need(7200)), Claim)
