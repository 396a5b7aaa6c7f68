"""Token and Secret: frozen values that never print what they hold."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mintonce.errors import TokenRequestError

DEFAULT_LIFETIME = 300.0
"""Seconds assumed where the server names no lifetime (``expires_in`` is only RECOMMENDED)."""

MAX_LIFETIME = 30 * 86_400.0
"""Seconds believed at most: a longer ``expires_in`` is a mistake more often than a promise."""

_HUGE = 10**18


class Secret:
    """A string that must not be seen: every way to print it shows only that it is there."""

    # Not a dataclass: `dataclasses.asdict` of whatever holds one would spell it out.
    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the string itself."""
        return self._value

    def __str__(self) -> str:
        return "Secret(…)"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and how long it is good for.

    Attributes:
        access_token: The token itself, as it goes behind ``Bearer`` (RFC 6750 section 2.1).
        expires_at: Unix seconds: the start of the token request plus ``expires_in``.
        issued_at: Unix seconds: the start of the token request.
        token_type: As the server wrote it (RFC 6749 section 7.1).
        scope: What was granted, where the server says so (RFC 6749 section 3.3).

    Raises:
        ValueError: Nobody could use it.

    """

    access_token: str = field(repr=False)
    expires_at: float
    issued_at: float
    token_type: str = "Bearer"  # noqa: S105 - the name of a token type, not a password
    scope: str | None = None

    def __post_init__(self) -> None:
        # Wherever it comes from: others write to the store too.
        if flaw := _flaw(self):
            raise ValueError(f"a token {flaw}")

    @property
    def lifetime(self) -> float:
        """Seconds from the start of the token request to the expiry."""
        return self.expires_at - self.issued_at

    @property
    def fingerprint(self) -> str:
        """A short hash that tells tokens apart in logs and records, and gives nothing away."""
        return fingerprint(self.access_token)

    def remaining(self, now: float) -> float:
        """Seconds of life left at `now` (Unix seconds)."""
        return self.expires_at - now


def fingerprint(access_token: str) -> str:
    """Hash a token to something that may be logged and stored."""
    return hashlib.sha256(access_token.encode(errors="surrogatepass")).hexdigest()[:12]


def from_response(response: Mapping[str, Any], *, requested_at: float) -> Token:
    """Read the members of a successful token response (RFC 6749 section 5.1).

    Args:
        response: The members, as the JSON object held them. Unknown members are ignored.
        requested_at: When the request was started, in Unix seconds. Expiry counts from there,
            since the server's clock started at some unknown moment after it.

    Raises:
        TokenRequestError: There is no token in it that could be used.

    """
    # In no variable: some tools report those of each frame along with an error.
    if not isinstance(response.get("access_token"), str) or not response["access_token"]:
        raise _unusable("holds no access_token")
    try:
        return Token(
            response["access_token"],
            expires_at=requested_at + _lifetime(response.get("expires_in")),
            issued_at=requested_at,
            # The member is required, yet some servers leave it out and mean Bearer.
            token_type=str(response.get("token_type", "Bearer")),
            scope=_scope(response.get("scope")),
        )
    except ValueError as flaw:
        raise _unusable(str(flaw).removeprefix("a token ")) from None


def _flaw(token: Token) -> str | None:
    # RFC 6750 section 2.1 is stricter, but real servers hand out more than its b64token. Visible
    # ASCII is what a header can carry without a second header being smuggled in.
    if not token.access_token or not all("!" <= letter <= "~" for letter in token.access_token):
        return "holds an access_token with characters that cannot go into a header"
    # RFC 6749 section 7.1: a client must not use a token whose type it does not understand.
    if token.token_type.lower() != "bearer":
        return "is of a token_type that is not understood (only Bearer is)"
    # A second for the rounding of sums with Unix seconds.
    return "lives too long" if token.lifetime > MAX_LIFETIME + 1 else None


def _scope(value: object) -> str | None:
    # RFC 6749 section 3.3 allows visible ASCII and spaces. The rest is not worth a token.
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return None
    return value


def _lifetime(value: object) -> float:
    lifetime = seconds(value)
    if lifetime is None:
        return DEFAULT_LIFETIME
    if lifetime <= 0:
        raise _unusable("holds a token that has already expired (expires_in is not positive)")
    return min(lifetime, MAX_LIFETIME)


def seconds(value: object) -> float | None:
    """Read a number of seconds that came in JSON, also from a string: servers write both.

    None for what does not mean a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int):
        value = max(-_HUGE, min(value, _HUGE))  # A larger one is no float.
    try:
        number = float(value)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _unusable(what: str) -> TokenRequestError:
    return TokenRequestError(f"the token response {what}", may_have_issued=True)
