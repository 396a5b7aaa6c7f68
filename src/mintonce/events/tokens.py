"""Tokens come, and go."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

from mintonce.events.base import Event
from mintonce.record import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMinted(Event):
    """The authorization server issued a token to this process.

    Attributes:
        fingerprint: That of the token.
        reason: Why it was minted.
        lifetime: Seconds that it lives.
        expires_at: Unix seconds.
        elapsed: Seconds that the token request took.

    """

    fingerprint: str
    reason: Reason
    lifetime: float
    expires_at: float
    elapsed: float

    def __str__(self) -> str:
        return (
            f"minted the token {self.fingerprint} ({self.reason}), good for {self.lifetime:.0f} s"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAdopted(Event):
    """A token was found in the store, where another process had put it.

    Attributes:
        fingerprint: That of the token.
        lifetime: Seconds that it lives in all.
        expires_at: Unix seconds.
        age: Seconds since it was asked for.
        waited: Seconds that it took to get it, waiting for the other process included.

    """

    level: ClassVar[int] = logging.DEBUG

    fingerprint: str
    lifetime: float
    expires_at: float
    age: float
    waited: float

    def __str__(self) -> str:
        return f"took the token {self.fingerprint} from the store after {self.waited:.3f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStored(Event):
    """A token is in the store by now that could not be stored when it was minted.

    Attributes:
        fingerprint: That of the token.

    """

    fingerprint: str

    def __str__(self) -> str:
        return f"the token {self.fingerprint} is stored now"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRejected(Event):
    """The API answered 401 to a token; told once for each token and manager.

    Attributes:
        fingerprint: That of the token.

    """

    fingerprint: str

    def __str__(self) -> str:
        return f"the API rejected the token {self.fingerprint}"
