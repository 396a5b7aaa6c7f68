"""Moments and spans of time, for people."""

from __future__ import annotations

from datetime import UTC, datetime

_LAST = 253_402_300_799.0  # the end of the year 9999, where datetime ends
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def utc(seconds: float) -> str:
    """Write Unix seconds as ISO 8601 in UTC."""
    # What a store holds may have been written by a clock that was wrong.
    moment = datetime.fromtimestamp(min(max(seconds, 0.0), _LAST), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def span(seconds: float) -> str:
    """Write a number of seconds in its two largest units: ``3 h 2 min``."""
    rest, parts = round(abs(seconds)), list[str]()
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "0 s"


def distance(moment: float, now: float) -> str:
    """Say how far a moment is from `now`: ``in 3 h 2 min``, or ``5 s ago``."""
    return f"in {span(moment - now)}" if moment >= now else f"{span(now - moment)} ago"
