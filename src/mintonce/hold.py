"""The token in hand: judged by both clocks, renewed at a moment that is drawn once."""

from __future__ import annotations

import random
from typing import NamedTuple

from mintonce.clock import Moment
from mintonce.token import Token

_SHARE = 0.1  # the part of a token's lifetime that early renewal may take at most


class Hold(NamedTuple):
    """A token and the moments, on the steady clock of this process, at which it turns.

    Attributes:
        token: The token.
        ends: When it expires.
        due: When early renewal starts.

    """

    token: Token
    ends: float
    due: float

    @classmethod
    def of(cls, token: Token, now: Moment, *, refresh_ahead: float) -> Hold:
        """Take `token` in hand.

        The moment of early renewal is drawn here, once. Drawn at each look, the earliest draw
        would win; the same for all processes, all would look at once.
        """
        # More than its whole life may seem to be left by a clock that is behind that of the minter.
        ends = now.steady + min(token.remaining(now.wall), token.lifetime)
        ahead = min(refresh_ahead, token.lifetime * _SHARE)
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - jitter needs no cryptography
        return cls(token, ends, ends - ahead * jitter)

    def remaining(self, now: Moment) -> float:
        """Seconds of life left, by the clock that says less."""
        return min(self.ends - now.steady, self.token.remaining(now.wall))

    def steady_for(self, now: Moment) -> float:
        """Seconds for which nothing turns: neither does it expire nor does early renewal start."""
        remaining = self.remaining(now)
        return min(remaining, self.due - now.steady) if self.due > now.steady else remaining

    def over(self, now: Moment, min_validity: float) -> Token | None:
        """Return the token if it is over, or too short although the wall clock does not say so."""
        left = self.ends - now.steady
        unnoticed = left < min_validity <= self.token.remaining(now.wall)
        return self.token if left <= 0 or unnoticed else None
