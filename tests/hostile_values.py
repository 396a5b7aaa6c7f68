"""What a store may hold that nobody of ours has written there, or not like this."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

from hypothesis import strategies as st

from hostile_answers import mostly
from marks import TOKEN

NOW = 1_700_000_000.0
"""Where the clock of these tests begins, in Unix seconds."""

_CALL = {"id": "a", "key": "token-other", "at": NOW - 9, "reason": "cold", "by": "h:1"}
_LEASE = {"holder": "h:1:ab", "by": "h:1", "reason": "expired"}
_COOL_DOWN = {
    "trouble": "lost",
    "message": "no answer",
    "until": NOW + 1,
    "seconds": 1.0,
    "status": 500,
    "error": "odd",
    "credential": "0123abcd",
}
RECORD: dict[str, Any] = {
    "version": 1,
    "writer": "w-1-1",
    "reason": "cold",
    "by": "h:1",
    "lease": _LEASE,
    "token": {
        "access_token": TOKEN,
        "expires_at": NOW + 600,
        "issued_at": NOW - 60.0,
        "token_type": "Bearer",
        "scope": "read",
    },
    "cool_down": _COOL_DOWN,
    "failures": 1,
    "rejections": 1,
    "rejected": ["0123456789ab"],
}
LEDGER: dict[str, Any] = {
    "version": 1,
    "writer": "w-1-1",
    "latest": NOW - 9,
    "kept": 3_456_000.0,
    "counts": [[int(NOW) - 9, 1]],
    "told": [[int(NOW) - 9, 1]],
    "mints": [{**_CALL, "outcome": "minted", "lifetime": 60.0, "filed_at": NOW - 9}],
    "quotas": [{"limit": 9, "remaining": 3, "resets_at": NOW + 60}],
    "limits": [
        {"requests": 9, "period": "day", "seconds": None},
        {"requests": 9, "period": None, "seconds": 60.0},
    ],
}


def stored(value: dict[str, Any]) -> bytes:
    """The value as it lies in a store."""
    return json.dumps(value).encode()


_OPTIONAL = {"token", "lease", "cool_down"}
_FINITE = st.sampled_from(
    [
        *(0, -1, 1, 0.5, -0.0, 5e-324, 1e-300, 1e300, 2**62, -(2**62), 2**63, 10**30),
        *(NOW, NOW - 1, NOW + 1, NOW + 299, NOW + 301, NOW + 10**7, -NOW, 253_402_300_799.0),
    ]
)
_NUMBERS = st.one_of(_FINITE, _FINITE, st.sampled_from([math.nan, math.inf, -math.inf]))
DEEP: tuple[Any, ...] = ()
for _ in range(700):
    DEEP = (DEEP,)
_ODD = st.one_of(
    _NUMBERS,
    _NUMBERS,
    st.floats(-1e10, 1e10),
    st.integers(-(2**65), 2**65),
    st.none(),
    st.booleans(),
    st.text(max_size=9),
    st.sampled_from(
        ["", "\ud800", "\x1b[2J", "x" * 5000, [], {}, [()], [(1, 1)], DEEP, _LEASE]
    ).map(copy.copy),
)


_WORDS = ["cold", "early", "expired", "rejected", "passing", "later", "permanent", "same", "sent"]
_LIKE: dict[type, st.SearchStrategy[Any]] = {
    float: st.one_of(_NUMBERS.map(float), st.floats(-1e10, 1e10)),
    int: st.one_of(_FINITE.map(int), st.integers(-9, 99)),
    str: st.sampled_from([*_WORDS, "minted", "hour", "month", "", "\ud800", "x" * 300, "\x1b[2J"]),
}
"""What a reader of such a value takes for one of its own, though it makes no sense."""


@st.composite
def _mutants(draw: st.DrawFn, value: dict[str, Any]) -> dict[str, Any]:
    """The value with a few of its members changed, taken away or doubled."""
    mutant = copy.deepcopy(value)
    for optional in sorted(_OPTIONAL & set(mutant)):
        mutant[optional] = draw(st.sampled_from([mutant[optional], None]))
    if mutant.get("token") and draw(st.booleans()):
        mutant["token"]["expires_at"] = NOW - 1
    for _ in range(draw(st.integers(0, 4))):
        at: Any = mutant
        name: Any = draw(st.sampled_from(sorted(mutant)))
        while isinstance(at[name], dict | list) and at[name] and draw(st.integers(0, 5)):
            at = at[name]
            names = sorted(at) if isinstance(at, dict) else range(len(at))
            name = draw(st.sampled_from(names))
        _change(draw, at, name)
    return mutant


def _change(draw: st.DrawFn, holder: Any, name: Any) -> None:
    old, how = holder[name], draw(st.integers(0, 7))
    if how == 0:
        holder[name] = None
    elif how == 1:
        holder[name] = draw(_ODD)
    elif isinstance(old, list) and how == 2:
        holder[name] = old * draw(st.sampled_from([2, 60]))
    else:
        holder[name] = draw(_LIKE.get(type(old), _ODD))


@st.composite
def _garbled(draw: st.DrawFn, raw: bytes) -> bytes:
    """The bytes, but not quite."""
    at = draw(st.integers(0, len(raw)))
    return draw(
        st.sampled_from(
            [
                raw[:at],
                raw[at:],
                raw[:at] + bytes([draw(st.integers(0, 255))]) + raw[at + 1 :],
                raw + raw,
                b"\xef\xbb\xbf" + raw,
                raw.decode().encode("utf-16"),
                raw.replace(b'"version": 1', b'"version": 2'),
                raw.replace(b'"version": 1', b'"version": ' + json.dumps(TOKEN).encode()),
                raw.replace(b'"version": 1', b'"version": ' + b"[" * 900 + b"]" * 900),
                raw.replace(b'"version": 1', b'"version": ' + b"9" * 5000),
                b"[" * 100_000,
                b"\0" * len(raw),
                TOKEN.encode(),
                json.dumps(TOKEN).encode(),
                b"",
                b" " * (2**20 + 1),
            ]
        )
    )


@st.composite
def values(draw: st.DrawFn, like: dict[str, Any]) -> bytes | None:
    """What may be there in the place of such a value: nothing, something odd, or any bytes."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return None
    if kind == 1:
        return draw(st.binary(max_size=300))
    raw = json.dumps(draw(_mutants(like))).encode()
    return draw(mostly(st.just(raw), _garbled(raw)))
