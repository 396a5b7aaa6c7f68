"""How long a server asks to be left alone is read in every form that it may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintonce.credentials.retry_after import LONGEST, retry_after

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the moment of the examples in RFC 9110
THERE = "Sun, 06 Nov 1994 07:49:37 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("3600", 3600.0),
        ("3601", LONGEST),
        ("9" * 400, LONGEST),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60.0),
        ("Sun Nov  6 08:50:37 1994", 60.0),
        ("Sun, 06 Nov 1994 09:50:37 +0100", 60.0),
        ("Sun, 06 Nov 2094 08:49:37 GMT", LONGEST),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:36 GMT", None),
        ("0", None),
        ("-5", None),
        ("", None),
        ("soon", None),
        ("NaN", None),
        ("inf", None),
        ("1e3", None),
        ("\u0661\u0660", None),
        ("Sun, 99 Nov 1994 08:50:37 GMT", None),
        ("Sun, 06 Nov 99999 08:50:37 GMT", None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_value(value: str, seconds: float | None) -> None:
    """Seconds or a date (RFC 9110 section 10.2.3), at most an hour; the rest is ignored."""
    assert seconds == retry_after({"retry-after": value}, now=NOW)


def test_none_is_asked_for() -> None:
    """Most answers do not have the header."""
    assert None is retry_after({}, now=NOW)


def test_a_date_is_compared_with_the_date_of_the_answer() -> None:
    """The server's clock may be an hour off ours."""
    headers = {"date": THERE, "retry-after": "Sun, 06 Nov 1994 07:50:37 GMT"}
    assert 60.0 == retry_after(headers, now=NOW)
    assert 7.0 == retry_after({"date": THERE, "retry-after": "7"}, now=NOW)


def test_a_date_of_the_answer_that_is_none() -> None:
    """Our own clock is better than nothing."""
    headers = {"date": "today", "retry-after": "Sun, 06 Nov 1994 08:50:37 GMT"}
    assert 60.0 == retry_after(headers, now=NOW)


@given(st.text(), st.text())
def test_any_header_can_be_read(value: str, date: str) -> None:
    """Nothing in the headers makes the reader fail."""
    wait = retry_after({"retry-after": value, "date": date}, now=NOW)
    assert wait is None or 0 < wait <= LONGEST
