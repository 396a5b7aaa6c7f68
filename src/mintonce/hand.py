"""What one manager has in hand: a token, when to renew it, and which ones the API rejected."""

from __future__ import annotations

import math
from copy import copy

from mintonce.clock import Moment
from mintonce.errors import TokenRejected
from mintonce.hold import Hold
from mintonce.renewal import Need, Old
from mintonce.token import Token

_RETRY_EARLY = 5.0  # seconds between two tries to renew early, unless the error names a time
_REMEMBERED = 8  # tokens that were rejected
_STILL = 1.0  # seconds for which a refusal is believed before the store is asked again


class Hand:
    """The state of a manager between its flights. It reads no clock: time is an argument.

    Args:
        refresh_ahead: Seconds before expiry at which early renewal starts.

    Attributes:
        refresh_ahead: The same.
        rejected: Fingerprints of the tokens that were rejected, newest last.

    """

    __slots__ = ("_early_again_at", "_hold", "_refusal", "refresh_ahead", "rejected")

    def __init__(self, refresh_ahead: float) -> None:
        self.refresh_ahead: float = refresh_ahead
        self._hold: Hold | None = None
        self._early_again_at = -math.inf
        self._refusal: tuple[float, TokenRejected] | None = None
        self.rejected: tuple[str, ...] = ()

    def look(self, now: Moment, min_validity: float) -> Hold | None:
        """Return what is in hand, if it is good for so many more seconds."""
        hold = self._hold
        if hold is None:
            return None
        remaining = hold.remaining(now)
        return hold if remaining > 0 and remaining >= min_validity else None

    def wanting(self, now: Moment) -> Need | None:
        """Return the need for a better token, if it is time for early renewal."""
        hold = self._hold
        if hold is None or now.steady < max(hold.due, self._early_again_at):
            return None
        old = Old(hold.token, hold.remaining(now))
        return Need(replaces=old, rejected=frozenset(self.rejected))

    def lacking(self, now: Moment, min_validity: float) -> Need:
        """Return the need for a token that is good for so many seconds."""
        over = self._hold.over(now, min_validity) if self._hold else None
        return Need(min_validity, rejected=frozenset(self.rejected), expired=over)

    def retry(self, now: Moment, error: Exception) -> None:
        """Put early renewal off because it failed."""
        again_at = getattr(error, "retry_at", None)
        pause = _RETRY_EARLY if again_at is None else max(again_at - now.wall, 0.0)
        self._early_again_at = now.steady + pause

    def refuse(self, now: Moment, error: TokenRejected) -> None:
        """Remember that there is no token, and will be none for a while."""
        left = (error.retry_at or 0.0) - now.wall
        self._refusal = now.steady + min(left, _STILL), copy(error)  # without a traceback

    def refused(self, now: Moment) -> TokenRejected | None:
        """Return why there is no token, if that was found out a moment ago.

        An API that rejects all tokens may be called a thousand times a second all the same.
        """
        if self._refusal is None:
            return None
        until, error = self._refusal
        if now.steady < until:
            return copy(error)
        self._refusal = None
        return None

    def take(self, token: Token, now: Moment, *, is_new: bool) -> bool:
        """Take a token in hand, if it is better than the one that is there; say whether it is."""
        hold = self._hold
        is_known = hold and hold.token == token and not is_new
        if is_known or token.fingerprint in self.rejected:
            return False  # no clock gives it more life; or it was rejected while it was on its way
        # A flight that landed late never takes the place of a newer token.
        if hold and token.remaining(now.wall) <= hold.remaining(now):
            return False
        self._hold = Hold.of(token, now, refresh_ahead=self.refresh_ahead)
        self._refusal = None
        self._early_again_at = -math.inf
        return True

    def reject(self, fingerprint: str) -> bool:
        """Drop the token with this fingerprint, and take it no more; say whether that is news."""
        if self._hold and self._hold.token.fingerprint == fingerprint:
            self._hold = None
        if fingerprint in self.rejected:
            return False
        self.rejected = (*self.rejected, fingerprint)[-_REMEMBERED:]
        return True
