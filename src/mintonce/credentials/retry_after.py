"""How long a server asks to be left alone (RFC 9110 section 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST = 3600.0
"""Seconds that are honoured at most, so that a server's mistake does not stop a fleet for days."""


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, at most `LONGEST`.

    A date is compared with the answer's own ``Date``, so that the clocks need not agree, and with
    `now` (Unix seconds) if there is none. None for what is missing, unreadable or not ahead.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        seconds = float(value)
    else:
        seconds = (_date(value) or 0.0) - (_date(headers.get("date", "")) or now)
    return min(seconds, LONGEST) if seconds > 0 else None


def _date(value: str) -> float | None:
    try:
        date = parsedate_to_datetime(value)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
