"""A token and a secret: frozen values that never show what they hold."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
import traceback
from dataclasses import FrozenInstanceError, replace

import pytest

from making import NOW, make_token
from mintonce import Token
from mintonce.token import MAX_LIFETIME, Secret, fingerprint

HIDDEN = "t0ps3cret"
TOKEN = Token(HIDDEN, NOW + 3600, NOW, scope="read")


def shown(value: object) -> str:
    """All that a program would print of a value by accident."""
    container = {"key": [value, (value,)], value: {value}}
    return "\n".join(
        [
            repr(value),
            str(value),
            f"{value}",
            f"{value!r:>99}",
            f"{value!s}",
            "%s %r" % (value, value),  # noqa: UP031 - as logging does it
            repr(container),
            pprint.pformat(container),
            ascii(value),
            *traceback.format_exception_only(LookupError(value)),
        ]
    )


@pytest.mark.parametrize("value", [TOKEN, Secret(HIDDEN)], ids=["token", "secret"])
def test_nothing_shows_what_it_holds(value: object) -> None:
    """Neither by itself, nor in a container, a format, a log line or a traceback."""
    assert HIDDEN not in shown(value)


def test_what_a_token_shows() -> None:
    """All but the token itself."""
    assert (
        "Token(expires_at=1700003600.0, issued_at=1700000000.0, token_type='Bearer', scope='read')"
        == repr(TOKEN)
    )


def test_what_a_secret_shows() -> None:
    """That it is there."""
    assert "Secret(…)" == repr(Secret(HIDDEN)) == str(Secret(HIDDEN))
    assert HIDDEN == Secret(HIDDEN).reveal()


def test_a_secret_does_not_slip_out_of_what_spells_things_out() -> None:
    """JSON refuses it, and it has no attributes to be listed."""
    with pytest.raises(TypeError) as refused:
        json.dumps({"secret": Secret(HIDDEN)})
    assert HIDDEN not in str(refused.value)
    with pytest.raises(TypeError):
        vars(Secret(HIDDEN))


def test_a_token_is_a_value() -> None:
    """Equal to its like, of use as a key, and it survives being copied and sent."""
    assert TOKEN == replace(TOKEN)
    assert 1 == len({TOKEN, replace(TOKEN)})
    assert TOKEN == copy.deepcopy(TOKEN) == pickle.loads(pickle.dumps(TOKEN))
    assert TOKEN != replace(TOKEN, access_token="another")


def test_a_token_cannot_be_changed() -> None:
    """Many tasks hold the same one."""
    with pytest.raises(FrozenInstanceError):
        TOKEN.expires_at = 0.0  # type: ignore[misc]  # the type checker knows it, too


def test_how_long_it_lives() -> None:
    """From the request on, and from now on; negative when it is over."""
    assert 3600 == TOKEN.lifetime
    assert [3600, 0, -9] == [TOKEN.remaining(NOW + passed) for passed in (0, 3600, 3609)]


def test_a_fingerprint_tells_tokens_apart_and_gives_nothing_away() -> None:
    """Twelve hexadecimal digits, always the same."""
    assert TOKEN.fingerprint == fingerprint(HIDDEN) == make_token(HIDDEN).fingerprint
    assert TOKEN.fingerprint != fingerprint(HIDDEN + "!")
    assert 12 == len(TOKEN.fingerprint)
    assert int(TOKEN.fingerprint, 16)


@pytest.mark.parametrize("value", ["", "ü", "a\nb", "\udcff", "x" * 10**6])
def test_any_text_has_a_fingerprint(value: str) -> None:
    """Also one that is no token, and one from an environment in an odd encoding."""
    assert 12 == len(fingerprint(value))


@pytest.mark.parametrize("value", ["", "two words", "a\r\nX-Header: b", "\x00", "tök", "a\x7f"])
def test_what_cannot_go_into_a_header_is_no_token(value: str) -> None:
    """Wherever it comes from; the message does not repeat it."""
    with pytest.raises(ValueError, match="cannot go into a header") as flaw:
        Token(value, NOW + 60, NOW)
    assert value not in str(flaw.value) or not value


def test_only_bearer_tokens_are_understood() -> None:
    """RFC 6749 section 7.1: others must not be used."""
    assert "BEARER" == Token("a", NOW + 60, NOW, "BEARER").token_type
    with pytest.raises(ValueError, match="token_type"):
        Token("a", NOW + 60, NOW, "mac")


def test_no_token_lives_for_ever() -> None:
    """A month at most is believed, and a second for the rounding of sums with Unix seconds."""
    assert MAX_LIFETIME + 1 == make_token(lifetime=MAX_LIFETIME + 1).lifetime
    with pytest.raises(ValueError, match=r"^a token lives too long$"):
        make_token(lifetime=MAX_LIFETIME + 1.001)
