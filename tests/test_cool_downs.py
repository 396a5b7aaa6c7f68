"""What failures and rejections leave in the record: cool-downs, longer each time."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from making import NOW, make_cool_down, make_lease, make_record, make_token
from mintonce import TokenRequestError
from mintonce.codec import dump, load
from mintonce.outcome import failed, rejected
from mintonce.record import CoolDown, Record, Trouble

MINE = make_lease()
OLD = make_token("old", issued_at=NOW - 3590)
NEW = make_token("new")
LONG = make_token("long", lifetime=86_400)
MINTING = make_record(token=OLD, lease=MINE)


def cool_down_after(
    error: TokenRequestError,
    *,
    failures: int = 0,
    jitter: float = 1.0,
    credential: str = "c0ffee00",
) -> CoolDown:
    """The cool-down that a failed request leaves."""
    before = replace(MINTING, failures=failures)
    after = failed(before, MINE, error, NOW, jitter=jitter, credential=credential)
    assert after is not None
    assert (OLD, None, failures + 1) == (after.token, after.lease, after.failures)
    assert after.cool_down is not None
    assert NOW + after.cool_down.seconds == after.cool_down.until
    return after.cool_down


@pytest.mark.parametrize(
    ("error", "trouble", "credential"),
    [
        (TokenRequestError("no"), "passing", None),
        (TokenRequestError("no", may_have_issued=True), "lost", None),
        (TokenRequestError("no", may_have_issued=True, retry_after=1), "later", None),
        (TokenRequestError("no", permanent=True), "permanent", "c0ffee00"),
        (TokenRequestError("no", permanent=True, may_have_issued=True), "permanent", "c0ffee00"),
    ],
)
def test_a_failure_leaves_a_cool_down_of_its_kind(
    error: TokenRequestError, trouble: Trouble, credential: str | None
) -> None:
    """Only what is permanent hangs on the credentials that were refused."""
    cool_down = cool_down_after(error)
    assert (trouble, credential, "no") == (
        cool_down.trouble,
        cool_down.credential,
        cool_down.message,
    )


def test_a_cool_down_says_what_the_server_said() -> None:
    """So that every process can tell its callers."""
    cool_down = cool_down_after(TokenRequestError("busy", status=503, error="slow_down"))
    assert ("busy", 503, "slow_down") == (cool_down.message, cool_down.status, cool_down.error)


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        (TokenRequestError("no"), [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]),
        (
            TokenRequestError("no", may_have_issued=True),
            [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600],
        ),
        (TokenRequestError("no", permanent=True), [30, 60, 120, 240, 480, 600, 600]),
    ],
    ids=["passing", "lost", "permanent"],
)
def test_pauses_grow_with_each_failure(error: TokenRequestError, pauses: list[float]) -> None:
    """Up to a length that depends on what a request may cost."""
    assert pauses == [cool_down_after(error, failures=n).seconds for n in range(len(pauses))]
    assert pauses[-1] == cool_down_after(error, failures=10**6).seconds


def test_pauses_are_not_all_alike() -> None:
    """They are stretched or shortened by what the caller drew."""
    assert 0.4 == cool_down_after(TokenRequestError("no"), jitter=0.8).seconds


@pytest.mark.parametrize(
    ("asked_for", "seconds"),
    [
        (None, 0.5),
        (0.0, 0.5),
        (0.2, 0.5),
        (-5.0, 0.5),
        (90.0, 90.0),
        (math.inf, 86_400.0),
        (math.nan, 0.5),
    ],
)
def test_the_server_may_ask_for_a_longer_pause(asked_for: float | None, seconds: float) -> None:
    """But not for a shorter one, nor for ever."""
    assert seconds == cool_down_after(TokenRequestError("no", retry_after=asked_for)).seconds


def test_a_rejection_is_remembered() -> None:
    """By fingerprint; the token stays in the record, so that it is known again."""
    before = make_record(token=NEW)
    assert replace(before, rejected=(NEW.fingerprint,)) == rejected(before, NEW.fingerprint, NOW)


@pytest.mark.parametrize(
    "record",
    [Record(), make_record(token=NEW), make_record(token=OLD, rejected=(OLD.fingerprint,))],
    ids=["no token", "a newer token", "rejected before"],
)
def test_a_late_or_repeated_rejection_changes_nothing(record: Record) -> None:
    """One mint answers any number of them."""
    assert rejected(record, OLD.fingerprint, NOW) is None


def test_the_last_eight_rejections_are_remembered() -> None:
    """An answer that is later than that is not to be expected."""
    before = make_record(token=NEW, rejected=tuple("abcdefgh"))
    after = rejected(before, NEW.fingerprint, NOW)
    assert after is not None
    assert (*"bcdefgh", NEW.fingerprint) == after.rejected


@pytest.mark.parametrize(
    ("before", "seconds"), [(0, 10), (1, 20), (2, 40), (9, 5120), (10, 7200), (99, 7200)]
)
def test_rejected_again_and_again(before: int, seconds: float) -> None:
    """A token that answered a rejection is rejected, too: everybody waits, longer each time."""
    record = make_record(token=LONG, reason="rejected", rejections=before)
    after = rejected(record, LONG.fingerprint, NOW)
    assert after is not None
    assert (before + 1, (LONG.fingerprint,)) == (after.rejections, after.rejected)
    assert after.cool_down is not None
    assert ("rejected", seconds, NOW + seconds) == (
        after.cool_down.trouble,
        after.cool_down.seconds,
        after.cool_down.until,
    )
    assert "check audience" in after.cool_down.message


@pytest.mark.parametrize(
    ("good_for", "before", "pause", "count"),
    [
        *((3.0, 0, 7.0, 1), (-60.0, 0, 10.0, 1), (10.0, 0, None, 1), (600.0, 5, None, 6)),
        *((600.0, 6, 40.0, 7), (7199.0, 99, 1.0, 100), (7200.0, 99, None, 0)),
    ],
)
def test_the_time_for_which_a_token_was_good(
    good_for: float, before: int, pause: float | None, count: int
) -> None:
    """It counts as a part of the pause; and who was served for hours begins anew."""
    record = make_record(token=LONG, reason="rejected", rejections=before)
    after = rejected(record, LONG.fingerprint, LONG.issued_at + good_for)
    assert after is not None
    assert count == after.rejections
    assert pause == (after.cool_down and after.cool_down.seconds)


@pytest.mark.parametrize("trouble", ["lost", "permanent"])
@pytest.mark.parametrize("good_for", [20.0, 7200.0])
def test_a_rejection_without_a_pause_ends_no_other(trouble: Trouble, good_for: float) -> None:
    """What the server asked for stays as it was."""
    told = make_cool_down(trouble=trouble)
    record = make_record(token=NEW, reason="rejected", cool_down=told)
    after = rejected(record, NEW.fingerprint, NEW.issued_at + good_for)
    assert after is not None
    assert after.cool_down is not None
    assert told.until == after.cool_down.until


@pytest.mark.parametrize(("lifetime", "pause"), [(300, 300.0), (600, 600.0), (3600, 640.0)])
def test_nobody_waits_for_longer_than_a_token_lives(lifetime: int, pause: float) -> None:
    """Another one would be due by then from an API that takes them, too."""
    token = make_token("short", lifetime=lifetime)
    record = make_record(token=token, reason="rejected", rejections=6)
    after = rejected(record, token.fingerprint, token.issued_at)
    assert after is not None
    assert after.cool_down is not None
    assert pause == after.cool_down.seconds


def test_a_rejected_token_is_worth_asking_for_another() -> None:
    """Also where the server had no better one a moment ago; other cool-downs go on."""
    same, lost = make_cool_down(trouble="same"), make_cool_down(trouble="lost")
    for cool_down, left in [(same, None), (lost, lost)]:
        after = rejected(make_record(token=NEW, cool_down=cool_down), NEW.fingerprint, NOW)
        assert after is not None
        assert left == after.cool_down


@pytest.mark.parametrize(
    ("trouble", "seconds", "left", "pause"),
    [
        *(("passing", 3600, 3000, 3000), ("later", 3600, 3000, 3000), ("passing", 9, 5, 10)),
        *(("passing", 60, 9e9, 60), ("permanent", 600, 500, 10), ("same", 3600, 3000, 10)),
    ],
)
def test_a_rejection_does_not_shorten_what_the_server_asked_for(
    trouble: Trouble, seconds: float, left: float, pause: float
) -> None:
    """Its token was rejected while nobody may ask for another; a clock that was wrong is no use."""
    told = CoolDown(trouble, "429", until=NOW + left, seconds=seconds)
    record = make_record(token=NEW, reason="rejected", cool_down=told)
    after = rejected(record, NEW.fingerprint, NOW)
    assert after is not None
    assert after.cool_down is not None
    assert ("rejected", pause) == (after.cool_down.trouble, after.cool_down.seconds)


@pytest.mark.parametrize("retry_after", [math.nan, "soon", -math.inf, [1]])
def test_what_an_odd_source_says_can_be_read_again(retry_after: Any) -> None:
    """Anybody can write a source; a record that nobody can read would cost the token in it."""
    error: Any = TokenRequestError("no", retry_after=retry_after)
    error.status, error.error = "400", b"invalid"
    after = failed(MINTING, MINE, error, NOW)
    assert after is not None
    assert after == load(Record, dump(after, writer="w"))
    assert after.cool_down is not None
    assert (None, None, 0.5) == (
        after.cool_down.status,
        after.cool_down.error,
        after.cool_down.seconds,
    )
