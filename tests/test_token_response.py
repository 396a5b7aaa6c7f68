"""Reading a token response: whatever a server sends gives a token that can be used, or an error."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintonce.errors import TokenRequestError
from mintonce.token import DEFAULT_LIFETIME, MAX_LIFETIME, Token, from_response, seconds

NOW = 1_800_000_000.0
LEAST: dict[str, Any] = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}
JSON_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just([]), st.just({"a": 1})
)


def read(**members: Any) -> Token:
    """Read a response with these members; `...` leaves one out."""
    response = {name: value for name, value in (LEAST | members).items() if value is not ...}
    return from_response(response, requested_at=NOW)


def refused(**members: Any) -> str:
    """The message with which a response is refused; a token may have been issued."""
    with pytest.raises(TokenRequestError) as caught:
        read(**members)
    assert (False, True) == (caught.value.permanent, caught.value.may_have_issued)
    return str(caught.value)


def test_a_token_expires_counted_from_the_request() -> None:
    """The server's clock started at some unknown moment after the request did."""
    assert Token("t", expires_at=NOW + 3600, issued_at=NOW, token_type="Bearer") == read()


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [
        (3600, 3600.0),
        (1, 1.0),
        (3600.5, 3600.5),
        ("3600", 3600.0),
        (" 3600 ", 3600.0),
        ("3600.5", 3600.5),
        ("3.6e3", 3600.0),
        (0.25, 0.25),
        (MAX_LIFETIME, MAX_LIFETIME),
        (MAX_LIFETIME + 1, MAX_LIFETIME),
        (1e12, MAX_LIFETIME),
        (10**400, MAX_LIFETIME),
        ("9" * 400, MAX_LIFETIME),
        (math.inf, MAX_LIFETIME),
        (..., DEFAULT_LIFETIME),
        (None, DEFAULT_LIFETIME),
        ("", DEFAULT_LIFETIME),
        ("soon", DEFAULT_LIFETIME),
        (math.nan, DEFAULT_LIFETIME),
        ("NaN", DEFAULT_LIFETIME),
        (True, DEFAULT_LIFETIME),
        ([3600], DEFAULT_LIFETIME),
        ({}, DEFAULT_LIFETIME),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_the_lifetime(expires_in: Any, lifetime: float) -> None:
    """``expires_in`` is a number, or a string of one; what makes no sense counts as missing."""
    assert lifetime == read(expires_in=expires_in).lifetime


@pytest.mark.parametrize(
    "expires_in",
    [0, -5, "0", "-5", -0.0, -1e12, -(10**400), -math.inf],
    ids=lambda value: repr(value)[:20],
)
def test_a_token_that_is_expired_already(expires_in: Any) -> None:
    """It would be minted again with every call, so it is an error."""
    flaw = "holds a token that has already expired (expires_in is not positive)"
    assert f"the token response {flaw}" == refused(expires_in=expires_in)


@pytest.mark.parametrize("access_token", [..., None, "", 7, ["t"], {"t": 1}, True])
def test_no_access_token(access_token: Any) -> None:
    """A success without a token is no success."""
    assert "the token response holds no access_token" == refused(access_token=access_token)


@pytest.mark.parametrize(
    "access_token",
    ["t\n", "t\r\nX-Evil: 1", "t t", " t", "t\x00", "t\x7f", "tö", "t\u2028", "t\ud800"],
)
def test_a_token_that_cannot_go_into_a_header(access_token: str) -> None:
    """A line break would let the server add headers to the calls of the API."""
    message = (
        "the token response holds an access_token with characters that cannot go into a header"
    )
    assert message == refused(access_token=f"m4rked{access_token}")


@pytest.mark.parametrize(
    "access_token",
    ["a.b-c_d~e+f/g==", '!"#$%&()*,:;<>?@[]^`{|}', "x" * 60_000],
    ids=["base64", "symbols", "long"],
)
def test_a_token_may_be_any_visible_text(access_token: str) -> None:
    """RFC 6749 appendix A.12 leaves its form and its length to the server."""
    assert access_token == read(access_token=access_token).access_token


@pytest.mark.parametrize(
    ("sent", "kept"), [("bearer", "bearer"), ("BEARER", "BEARER"), (..., "Bearer")]
)
def test_the_token_type_bearer(sent: Any, kept: str) -> None:
    """In whatever case (RFC 6749 section 5.1); some servers leave it out."""
    assert kept == read(token_type=sent).token_type


@pytest.mark.parametrize("token_type", ["mac", "DPoP", "N_A", "", None, 7, "Bearer "])
def test_a_token_type_that_is_not_understood(token_type: Any) -> None:
    """It must not be used (RFC 6749 section 7.1)."""
    message = "the token response is of a token_type that is not understood (only Bearer is)"
    assert message == refused(token_type=token_type)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (..., None),
        (None, None),
        ("read write", "read write"),
        ("", ""),
        (["read"], None),
        ("read\r\n", None),
        ("lesen schreiben ö", None),
        ("\ud800", None),
    ],
)
def test_the_scope(sent: Any, kept: str | None) -> None:
    """It is kept if it is one (RFC 6749 section 3.3), and never a reason to lose the token."""
    assert kept == read(scope=sent).scope


def test_members_that_are_not_known() -> None:
    """They are ignored (RFC 6749 section 5.1), and a refresh token is not kept."""
    assert read() == read(refresh_token="r", id_token="i", x={"y": 1})


@given(st.dictionaries(st.sampled_from([*LEAST, "scope", "x"]), JSON_VALUES))
def test_any_json_gives_a_token_or_an_error(response: dict[str, Any]) -> None:
    """Nothing that JSON can say makes the reader fail in another way."""
    with suppress(TokenRequestError):
        token = from_response(json.loads(json.dumps(response)), requested_at=NOW)
        assert NOW <= token.expires_at <= NOW + MAX_LIFETIME


@given(JSON_VALUES)
def test_seconds_are_a_number_or_nothing(value: Any) -> None:
    """What is read as seconds can be compared and added."""
    number = seconds(value)
    assert number is None or not math.isnan(number)
