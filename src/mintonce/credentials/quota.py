"""What some authorization servers tell in headers about the tokens that they will still issue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_HEADERS = ("auth0-client-quota-limit", "auth0-organization-quota-limit")
"""Auth0's, by client and by organization. ``X-RateLimit-*`` counts requests of any kind, not
tokens, and servers disagree on whether its reset is a time or a number of seconds."""

_PAIR = re.compile(r"(?:^|;)\s*([qrt])\s*=\s*([0-9]{1,18})\s*(?=;|$)")


@dataclass(frozen=True, slots=True)
class Quota:
    """One allowance, as the server counts it.

    Attributes:
        limit: Tokens in one window.
        remaining: Tokens that are left in the present window.
        resets_in: Seconds until the next window begins.

    """

    limit: int
    remaining: int
    resets_in: float


def from_headers(headers: Mapping[str, str]) -> tuple[Quota, ...]:
    """Read the quota headers of an answer, whose header names must be in lower case.

    One header holds a bucket for each window, separated by commas, such as
    ``b=per_hour;q=100;r=42;t=1800``. What cannot be read is left out: it is advice.
    """
    return tuple(quota for name in _HEADERS for quota in _buckets(headers.get(name, "")))


def _buckets(header: str) -> Iterator[Quota]:
    for bucket in header.split(","):
        found = {name: int(value) for name, value in _PAIR.findall(bucket)}
        if len(found) == len("qrt"):
            yield Quota(found["q"], found["r"], float(found["t"]))
