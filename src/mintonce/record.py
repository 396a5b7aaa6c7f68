"""What a store keeps for one token: the token, the lease, the cool-down and what was rejected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mintonce.token import Token

Reason = Literal["cold", "expired", "early", "rejected"]
"""Why a token is minted: there was none, it ran out, it soon will, or the API rejected it."""

Trouble = Literal["passing", "lost", "later", "permanent", "rejected", "same"]
"""Why nobody asks again for a while.

``passing``: no token was issued, and asking again may help. ``lost``: the same, but a token may
have been issued. ``later``: the same, and it is known when asking again helps. ``permanent``:
asking again with these credentials cannot help. ``rejected``: the API rejects the tokens. ``same``:
the server hands out the token again that is about to expire.
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """The claim of one process to be the one that mints.

    Attributes:
        holder: Unique to one attempt of one process.
        by: Host and process id, for people.
        reason: Why it mints.
        instead_of: The fingerprint of the token that was there then, None if there was none.

    """

    holder: str
    by: str
    reason: Reason
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class CoolDown:
    """Nobody asks the authorization server before `until`.

    Attributes:
        trouble: What kind of trouble it was.
        message: What to tell those who need a token.
        until: Unix seconds.
        seconds: How long it was set for. A cool-down that seems to last much longer than that
            was written by a clock that was wrong.
        status: The HTTP status, where there was one.
        error: The error code of RFC 6749 section 5.2, where there was one.
        credential: The fingerprint of the credentials that were refused, so that rotated ones
            need not wait.

    """

    trouble: Trouble
    message: str
    until: float
    seconds: float
    status: int | None = None
    error: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """All that a fleet shares about one token.

    Attributes:
        token: The newest token, expired or not.
        reason: Why it was minted.
        by: Who minted it.
        lease: Who mints now.
        cool_down: Until when nobody does.
        failures: Token requests that failed in a row.
        rejections: Tokens that were minted because of a rejection, and rejected, in a row.
        rejected: Fingerprints of the tokens that the API rejected, newest last.

    """

    token: Token | None = None
    reason: Reason | None = None
    by: str | None = None
    lease: Lease | None = None
    cool_down: CoolDown | None = None
    failures: int = 0
    rejections: int = 0
    rejected: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Others write to the store too, and each failure below zero would be one without a pause.
        if min(self.failures, self.rejections) < 0:
            raise ValueError("a record has a count below zero")
