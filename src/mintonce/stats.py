"""Numbers about one manager, for those who want numbers only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Stats:
    """What one manager has done since it was made.

    Attributes:
        minted: Tokens that it minted.
        adopted: Tokens that it took from the store, where another process had put them.
        waited: Calls of `TokenManager.get` that found no usable token at hand.
        failed: Renewals that failed, early ones included.
        rejected: Token values that were reported to `TokenManager.invalidate`.

    """

    minted: int = 0
    adopted: int = 0
    waited: int = 0
    failed: int = 0
    rejected: int = 0
