"""The tokens that the server has issued, and which of them are good."""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass, field

from mintonce.clock import Clock


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as it is handed out.

    Attributes:
        token: The token itself.
        expires_in: Seconds that it has left.
        minted: Whether it is new; otherwise it was handed out before.

    """

    token: str = field(repr=False)
    expires_in: float
    minted: bool

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that stand for the token wherever people read."""
        return hashlib.sha256(self.token.encode()).hexdigest()[:12]


class TokenBook:
    """Mints tokens, counts them, and knows which are live, by the server's own wall clock.

    Attributes:
        minted: The tokens minted so far.

    """

    def __init__(self, clock: Clock) -> None:
        self.minted: int = 0
        self._clock = clock
        self._expiry: dict[str, float] = {}
        self._revoked: set[str] = set()
        self._last: dict[str, str] = {}

    def mint(self, client_id: str, lifetime: float) -> Grant:
        """A new token for this client, good for so many seconds."""
        token = secrets.token_urlsafe(32)
        self._expiry[token] = self._clock.wall() + lifetime
        self._last[client_id] = token
        self.minted += 1
        return Grant(token, lifetime, minted=True)

    def again(self, client_id: str) -> Grant | None:
        """The client's last token, even when it was revoked, unless it has expired."""
        token = self._last.get(client_id, "")
        left = self._seconds_left(token)
        return Grant(token, math.floor(left), minted=False) if left > 0 else None

    def is_live(self, token: str) -> bool:
        """Whether an API should take this token now."""
        return token not in self._revoked and self._seconds_left(token) > 0

    def revoke(self, token: str) -> None:
        """Make this token worthless; an unknown one already is (RFC 7009 section 2.2)."""
        self._revoked.add(token)

    def revoke_all(self) -> None:
        """Make every token worthless that was issued so far."""
        self._revoked.update(self._expiry)

    def _seconds_left(self, token: str) -> float:
        return self._expiry.get(token, -math.inf) - self._clock.wall()
