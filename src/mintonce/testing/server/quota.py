"""How many tokens the server may issue in its life, and how it tells.

The quota is for life, so that no test depends on the hour it runs at. What is told to the
client looks like a quota for the day, because that is the form in which quotas are told.
"""

from __future__ import annotations

from mintonce.testing.server.rules import Refused

_DAY = 86_400


def _until_midnight(now: float) -> int:
    return _DAY - int(now) % _DAY


def check_quota(quota: int | None, used: int, now: float) -> None:
    """Refuse a token beyond the quota, as Auth0 does: 429 ``too_many_requests``."""
    if quota is not None and used >= quota:
        raise Refused(
            "too_many_requests",
            f"the quota of {quota} tokens is used up",
            status=429,
            headers={"Retry-After": str(_until_midnight(now))},
        )


def quota_header(quota: int, used: int, now: float) -> dict[str, str]:
    """What is left, in the form that Auth0 sends: one bucket, said to fill again at midnight UTC.

    See https://auth0.com/docs/fine-grained-m2m-token-quotas-early-access.
    """
    left = max(0, quota - used)
    bucket = f"b=per_day;q={quota};r={left};t={_until_midnight(now)}"
    return {"Auth0-Client-Quota-Limit": bucket}
