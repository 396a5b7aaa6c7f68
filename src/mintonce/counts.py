"""How many requests there were, second by second: added, summed up, and taken back."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

Counts = tuple[tuple[int, int], ...]
"""Unix seconds, and the requests that were sent in that second, oldest first."""

_FINE = 3600  # seconds for which requests are counted to the second; older ones to five minutes
_COARSE = 300


def stamp(at: float) -> int:
    """Round to the second in which a request is counted: up, so that it counts long enough."""
    return math.ceil(at)


def more(counts: Counts, at: float, *, now: float, kept: float) -> Counts:
    """Count one more request.

    What falls together is added up, and what is older than `kept` seconds is dropped, so that it
    stays small.
    """
    total: Counter[int] = Counter()
    for second, number in (*counts, (stamp(at), 1)):
        if second > now - kept:
            # Rounded up: counting a request for longer than needed breaks no budget.
            coarse = -(-second // _COARSE) * _COARSE
            total[second if second > now - _FINE else coarse] += number
    return tuple(sorted(total.items()))


def less(counts: Counts, at: float) -> Counts:
    """Take one request back. One that was added up meanwhile stays counted: it is an hour old."""
    rest: Iterable[tuple[int, int]] = (
        (second, number - (second == stamp(at))) for second, number in counts
    )
    return tuple((second, number) for second, number in rest if number)
