"""What is stored can be read again; what was not written by us is Unreadable, and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from making import NOW, make_cool_down, make_lease, make_mint, make_record, make_token
from mintonce.codec import VERSION, Unreadable, dump, load
from mintonce.ledger import Ledger, Limit, Quota
from mintonce.record import CoolDown, Lease, Record
from mintonce.token import MAX_LIFETIME, Token

FULL_RECORD = make_record(
    token=Token("s3cret.token~x", NOW + 60.5, NOW, "bearer", "read write"),
    lease=make_lease(),
    cool_down=make_cool_down(status=429, error="slow_down", credential="0123abcd"),
    failures=3,
    rejections=2,
    rejected=("0123456789ab", "ba9876543210"),
)
FULL_LEDGER = Ledger(
    latest=NOW + 0.25,
    counts=((int(NOW) - 300, 5), (int(NOW), 1)),
    mints=(make_mint(1), make_mint(2, reason="early", outcome="minted", lifetime=3600.0)),
    quotas=(Quota(1000, 999, NOW + 1800),),
    limits=(Limit(1000, "month"), Limit(5, seconds=7200.0)),
)
BARE = {"version": VERSION, "writer": "me-1", **asdict(Record())}


def changed(**members: Any) -> bytes:
    """An empty record in which some members are others."""
    return json.dumps(BARE | members).encode()


@pytest.mark.parametrize("value", [Record(), FULL_RECORD, Ledger(), FULL_LEDGER], ids=range(4))
def test_what_was_written_is_read(value: Record | Ledger) -> None:
    """Every member comes back as it was."""
    assert value == load(type(value), dump(value, writer="me-1"))


times = st.floats(0, 1e10)
names = st.text(max_size=12)
visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=9)
tokens = st.builds(
    lambda value, issued_at, lifetime, scope: Token(
        value, issued_at + lifetime, issued_at, "bearer", scope
    ),
    visible,
    times,
    st.floats(-1e6, MAX_LIFETIME),
    st.none() | visible,
)
leases = st.builds(Lease, names, names, st.sampled_from(["cold", "expired", "early", "rejected"]))
cool_downs = st.builds(
    CoolDown,
    st.sampled_from(["passing", "lost", "permanent", "rejected", "same"]),
    names,
    times,
    times,
    st.none() | st.integers(100, 599),
    st.none() | names,
    st.none() | names,
)
records = st.builds(
    Record,
    st.none() | tokens,
    st.none() | st.sampled_from(["cold", "early"]),
    st.none() | names,
    st.none() | leases,
    st.none() | cool_downs,
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.lists(names, max_size=8).map(tuple),
)


@given(record=records)
def test_any_record_survives(record: Record) -> None:
    """Whatever its members are."""
    assert record == load(Record, dump(record, writer="w"))


def test_every_write_is_unique() -> None:
    """Two writers that store the same value store different bytes: comparing bytes is enough."""
    assert dump(FULL_RECORD, writer="me-1") != dump(FULL_RECORD, writer="me-2")


@pytest.mark.parametrize("value", [FULL_RECORD, FULL_LEDGER], ids=["record", "ledger"])
def test_whatever_is_cut_off_is_unreadable(value: Record | Ledger) -> None:
    """A crash in the middle of a write leaves any number of bytes."""
    data = dump(value, writer="me-1")
    for length in range(len(data)):
        with pytest.raises(Unreadable):
            load(type(value), data[:length])


@given(data=st.binary(max_size=200))
@example(data=b"")
@example(data=b"\x00" * 100)
@example(data=b"\xff\xfe{\x00}\x00")
@example(data=b"[" * 200_000)
@example(data=b'{"a":' * 100_000)
@example(data=b"9" * 10_000)
@example(data=b"null")
@example(data=b'{"version":1}')
def test_no_bytes_do_more_than_be_unreadable(data: bytes) -> None:
    """Not even those that break a JSON parser."""
    for kind in (Record, Ledger):
        with pytest.raises(Unreadable):
            load(kind, data)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=5)
    | st.integers(-(10**400), 10**400)
    | st.sampled_from([10**400, "cold", "mint-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@given(value=values, choice=st.randoms(use_true_random=False))
def test_no_member_does_more_than_be_unreadable(value: object, choice: Any) -> None:
    """Any member of any object, replaced by anything: it is read, or it is Unreadable."""
    members = json.loads(dump(FULL_RECORD, writer="w"))
    place = choice.choice([members, members["token"], members["lease"], members["cool_down"]])
    place[choice.choice(sorted(place))] = value
    try:
        record = load(Record, json.dumps(members).encode())
    except Unreadable:
        return
    assert record == load(Record, dump(record, writer="w"))


@pytest.mark.parametrize(
    "version", [0, VERSION + 1, 99, "1", None, [1], {}, 1.5, "x" * 999], ids=lambda v: repr(v)[:9]
)
def test_another_version_is_unreadable(version: object) -> None:
    """Above all a newer one: who does not know a member must not drop it."""
    with pytest.raises(Unreadable, match=r"its schema version is .*, not 1") as problem:
        load(Record, changed(version=version))
    assert len(str(problem.value)) < 80


@pytest.mark.parametrize(
    "data", [b"m4rk-t0k3n", b'"m4rk-t0k3n"', b'{"version": "m4rk-t0k3n"}', b"\xffm4rk-t0k3n"]
)
def test_what_cannot_be_read_is_not_told(data: bytes) -> None:
    """It may be a token: neither the message shows it, nor an error that comes along with it."""
    with pytest.raises(Unreadable) as problem:
        load(Record, data)
    assert "m4rk" not in str(problem.value)
    assert problem.value.__context__ is None


def test_a_version_that_is_too_deep_to_be_printed() -> None:
    """What can be read as JSON cannot always be written again."""
    with pytest.raises(Unreadable, match="its schema version is missing, not 1"):
        load(Record, b'{"version": ' + b"[" * 900 + b"]" * 900 + b"}")


@pytest.mark.parametrize("missing", sorted(set(BARE) - {"writer"}))
def test_every_member_must_be_there(missing: str) -> None:
    """A record with a member left out is not ours."""
    members = {name: value for name, value in BARE.items() if name != missing}
    with pytest.raises(Unreadable):
        load(Record, json.dumps(members).encode())


@pytest.mark.parametrize(
    "members",
    [
        {"failures": True},
        {"failures": 1.0},
        {"failures": "1"},
        {"failures": None},
        {"failures": 10**400},
        {"failures": -(2**63)},
        {"by": 1},
        {"by": ["a"]},
        {"reason": "bored"},
        {"reason": ["cold"]},
        {"rejected": "abc"},
        {"rejected": [1]},
        {"rejected": {"0": "a"}},
        {"rejected": None},
        {"token": []},
        {"token": {}},
        {"token": "token-1"},
        {"token": asdict(make_token()) | {"expires_at": "soon"}},
        {"token": asdict(make_token()) | {"expires_at": float("nan")}},
        {"token": asdict(make_token()) | {"expires_at": float("inf")}},
        {"token": asdict(make_token()) | {"expires_at": 10**400}},
        {"token": asdict(make_token()) | {"expires_at": True}},
        {"token": asdict(make_token()) | {"access_token": None}},
        {"token": asdict(make_token()) | {"access_token": ""}},
        {"token": asdict(make_token()) | {"access_token": "two\nlines"}},
        {"token": asdict(make_token()) | {"access_token": "\ud800"}},
        {"token": asdict(make_token()) | {"token_type": "mac"}},
        {"token": asdict(make_token()) | {"expires_at": NOW + 10 * MAX_LIFETIME}},
        {"lease": asdict(make_lease()) | {"reason": None}},
    ],
    ids=repr,
)
def test_a_member_that_cannot_be_is_unreadable(members: dict[str, object]) -> None:
    """Nothing is converted and nothing is guessed."""
    with pytest.raises(Unreadable):
        load(Record, changed(**members))


@pytest.mark.parametrize("counts", [[[1]], [[1, 2, 3]], [[]], [1], [["1", 2]], [[1.0, 2]], None])
def test_counts_that_are_no_pairs_are_unreadable(counts: object) -> None:
    """A ledger is believed to the last number, or not at all."""
    members = json.loads(dump(FULL_LEDGER, writer="w")) | {"counts": counts}
    with pytest.raises(Unreadable):
        load(Ledger, json.dumps(members).encode())


def test_a_member_that_is_not_known_does_no_harm() -> None:
    """The schema only grows by members that older versions can do without."""
    assert Record() == load(Record, changed(mood="good"))


def test_a_whole_number_will_do_for_a_time() -> None:
    """Other writers of JSON leave the point out."""
    record = load(Record, changed(token=asdict(make_token()) | {"expires_at": int(NOW)}))
    assert record.token is not None
    assert NOW == record.token.expires_at


def test_no_message_shows_what_was_stored() -> None:
    """It may be a token."""
    for data in (changed(token="t0ps3cret"), changed(failures="t0ps3cret"), b"t0ps3cret"):
        with pytest.raises(Unreadable) as problem:
            load(Record, data)
        assert "t0ps3cret" not in str(problem.value)
