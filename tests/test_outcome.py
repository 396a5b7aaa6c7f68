"""What becomes of the record: after a mint, and while it lasts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from making import NOW, make_cool_down, make_lease, make_record, make_token
from mintonce import TokenRequestError
from mintonce.outcome import beat, failed, landed, released
from mintonce.record import CoolDown, Lease, Record
from mintonce.renewal import Need, Old, Refuse, decide
from mintonce.token import Token

REJECTED = make_lease(reason="rejected")
MINE = make_lease(reason="expired")
THEIRS = make_lease("them", by="other:2")
OLD = make_token("old", issued_at=NOW - 3590)
EARLY = make_lease(reason="early", instead_of=OLD.fingerprint)
NEW = make_token("new")
MINTING = make_record(token=OLD, lease=MINE)
TAKEN_OVER = make_record(token=OLD, by="other:2", lease=THEIRS)


def test_a_heartbeat_writes_the_same_anew() -> None:
    """Others see that the bytes change."""
    assert MINTING == beat(MINTING, MINE)


def test_a_lease_is_given_back() -> None:
    """The rest of the record stays."""
    assert replace(MINTING, lease=None) == released(MINTING, MINE)


@pytest.mark.parametrize("record", [TAKEN_OVER, make_record()], ids=["taken over", "given back"])
def test_a_lease_that_was_lost_is_left_alone(record: Record) -> None:
    """No heartbeat, no release, no cool-down: all of that belongs to its new holder."""
    assert beat(record, MINE) is None
    assert released(record, MINE) is None
    assert failed(record, MINE, TokenRequestError("no"), NOW) is None


def test_a_token_lands() -> None:
    """One write puts it in, drops the lease and forgets what went wrong before."""
    before = replace(MINTING, cool_down=make_cool_down(), failures=3, rejections=2, rejected=("a",))
    after = Record(token=NEW, reason="expired", by="host:1", rejected=("a",))
    assert after == landed(before, MINE, NEW)


def test_the_first_token_lands() -> None:
    """In an empty record."""
    assert Record(token=NEW, reason="cold", by="host:1") == landed(
        Record(lease=make_lease()), make_lease(), NEW
    )


def test_a_token_that_replaces_a_rejected_one_lands() -> None:
    """Though it expires before that one would have; and it is known why it was minted."""
    long = make_token("long", lifetime=9999)
    before = make_record(token=long, lease=REJECTED, rejected=(long.fingerprint,), rejections=1)
    after = replace(before, token=NEW, lease=None, reason="rejected", by="host:1")
    assert after == landed(before, REJECTED, NEW)


@pytest.mark.parametrize("lease", [MINE, REJECTED], ids=["wrong clock", "rejected here"])
def test_a_token_that_nobody_could_use_is_replaced(lease: Lease) -> None:
    """Whatever its expiry says: it came from the future, or its rejection could not be shared."""
    useless = make_token("useless", issued_at=NOW + 9999)
    lease = replace(lease, instead_of=useless.fingerprint)
    after = landed(make_record(token=useless, lease=lease), lease, NEW)
    assert after is not None
    assert (NEW, None) == (after.token, after.cool_down)


def test_a_late_token_is_kept_if_it_lives_longest() -> None:
    """The lease was lost, and its new holder still mints: its lease stays, the token too."""
    after = replace(TAKEN_OVER, token=NEW, reason="expired", by="host:1")
    assert after == landed(TAKEN_OVER, MINE, NEW)


def test_a_late_token_never_takes_the_place_of_a_newer_one() -> None:
    """The new holder was faster."""
    newer = make_record(token=make_token("newer", issued_at=NOW + 5))
    assert landed(newer, MINE, NEW) is None
    assert landed(replace(newer, lease=THEIRS), MINE, NEW) is None


@pytest.mark.parametrize("lease", [MINE, EARLY], ids=["cold", "early"])
def test_a_newer_token_that_came_late_is_not_overwritten(lease: Lease) -> None:
    """Who had lost the lease sent its request after ours: that token stays, our lease ends."""
    lease = replace(lease, instead_of=OLD.fingerprint)
    newer = make_token("newer", issued_at=NOW + 5)
    before = make_record(token=newer, lease=lease, failures=2, cool_down=make_cool_down())
    assert make_record(token=newer) == landed(before, lease, NEW)


def test_a_late_token_lands_once() -> None:
    """Tried again after a lost answer, it is there already."""
    once = landed(TAKEN_OVER, MINE, NEW)
    assert once is not None
    assert landed(once, MINE, NEW) is None


def test_a_late_token_takes_the_place_of_a_rejected_one() -> None:
    """However long that would have lived: it was paid for, and the other one is worth nothing."""
    long = make_token("long", lifetime=9999)
    record = make_record(token=long, lease=THEIRS, rejected=(long.fingerprint,))
    after = landed(record, MINE, NEW)
    assert after is not None
    assert (NEW, THEIRS) == (after.token, after.lease)


@pytest.mark.parametrize(
    "new",
    [
        replace(OLD, issued_at=NOW),
        replace(OLD, issued_at=NOW, expires_at=OLD.expires_at + 0.9),
        replace(NEW, expires_at=OLD.expires_at),
        replace(NEW, expires_at=OLD.expires_at - 5),
        replace(NEW, issued_at=OLD.issued_at, expires_at=OLD.expires_at - 5),
    ],
    ids=[
        "the same",
        "the same, rounded",
        "another, that ends with it",
        "another, that ends before",
        "another, that began with it",
    ],
)
def test_a_server_that_has_no_better_token_yet_is_left_alone(new: Token) -> None:
    """The old one stays until it expires, and until then nobody asks again."""
    before = make_record(token=OLD, lease=EARLY, failures=1)
    after = landed(before, EARLY, new)
    assert after is not None
    assert (OLD, None, 0) == (after.token, after.lease, after.failures)
    message = "the authorization server has no token yet that lives longer than the one at hand"
    assert CoolDown("same", message, until=OLD.expires_at, seconds=3600.0) == after.cool_down
    refusal = decide(after, NOW, Need(replaces=Old(OLD, 10)), me=EARLY)
    assert isinstance(refusal, Refuse)
    assert refusal.again_at is None


@pytest.mark.parametrize(
    "new",
    [
        NEW,
        replace(OLD, expires_at=OLD.expires_at + 1),
        replace(NEW, expires_at=OLD.expires_at + 0.1),
    ],
)
def test_a_better_token_lands_early(new: Token) -> None:
    """Also if the server made the old one live longer."""
    after = landed(make_record(token=OLD, lease=EARLY), EARLY, new)
    assert after is not None
    assert (new, None) == (after.token, after.cool_down)


def test_a_token_lands_early_after_the_clock_was_set_back() -> None:
    """It seems to expire before the old one, which was stamped before the step."""
    old = make_token("old", issued_at=NOW + 1)
    lease = replace(EARLY, instead_of=old.fingerprint)
    after = landed(make_record(token=old, lease=lease), lease, NEW)
    assert after is not None
    assert (NEW, None) == (after.token, after.cool_down)


def test_a_token_that_was_rejected_does_not_land_again() -> None:
    """The server hands it out once more, so minting is no cure: others wait, longer each time."""
    before = replace(MINTING, lease=REJECTED, rejected=(NEW.fingerprint,), rejections=1)
    after = landed(before, REJECTED, NEW)
    assert after is not None
    assert (OLD, None, 2) == (after.token, after.lease, after.rejections)
    message = (
        "the API rejects the tokens that the authorization server hands out:"
        " check audience, scope and issuer"
    )
    assert CoolDown("rejected", message, until=NOW + 20, seconds=20.0) == after.cool_down


def test_a_rejected_token_is_no_concern_of_who_lost_the_lease() -> None:
    """The new holder will see for itself."""
    assert landed(replace(TAKEN_OVER, rejected=(NEW.fingerprint,)), MINE, NEW) is None
