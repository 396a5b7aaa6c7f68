"""What becomes of the record: pure changes, applied by compare-and-swap until they stick.

Each function takes the record as it is now and returns what it should become, or None if it should
stay as it is.
"""

from __future__ import annotations

from dataclasses import replace

from mintonce.errors import TokenRequestError
from mintonce.record import CoolDown, Lease, Record, Trouble
from mintonce.token import Token, seconds

_LONGEST_ASKED_FOR = 86_400.0  # seconds: a source of the user's own may ask for any time
_REMEMBERED = 8  # rejected tokens: a late 401 is rarely older than a few tokens

# Seconds of the first pause and of the longest. A refusal that certainly issued nothing is asked
# again soon. One that may have issued a token costs budget each time, so its pauses grow long.
_PAUSES: dict[Trouble, tuple[float, float]] = {
    "passing": (0.5, 30.0),
    "lost": (1.0, 600.0),
    "later": (1.0, 600.0),
    "permanent": (30.0, 600.0),
    "rejected": (10.0, 7200.0),
}


def holds(record: Record, lease: Lease) -> bool:
    """Tell whether `lease` is still the one in the record."""
    return record.lease is not None and record.lease.holder == lease.holder


def beat(record: Record, lease: Lease) -> Record | None:
    """Show that the holder lives: the same record, written anew."""
    return record if holds(record, lease) else None


def released(record: Record, lease: Lease) -> Record | None:
    """Give the lease back without a token."""
    return replace(record, lease=None) if holds(record, lease) else None


def landed(record: Record, lease: Lease, token: Token) -> Record | None:
    """Put the minted token in and drop the lease, in one write."""
    if token.fingerprint in record.rejected:
        return _rejected_again(record, lease, token)
    if not holds(record, lease):
        # The lease was lost to somebody who thought us dead. A newer token is never overwritten,
        # and a lease that is not ours is not dropped.
        if _outlives(record, token):
            return None
        return replace(record, token=token, reason=lease.reason, by=lease.by)
    if record.token and record.token.fingerprint != lease.instead_of and _outlives(record, token):
        # Somebody who had lost the lease sent a late request, and got the newer token.
        return replace(record, lease=None, cool_down=None, failures=0)
    if record.token and lease.reason == "early" and _is_no_better(token, record):
        return replace(record, lease=None, cool_down=_no_better(record.token), failures=0)
    return replace(
        record,
        token=token,
        reason=lease.reason,
        by=lease.by,
        lease=None,
        cool_down=None,
        failures=0,
        rejections=record.rejections if lease.reason == "rejected" else 0,
    )


def _outlives(record: Record, token: Token) -> bool:
    """Tell whether the token in the record is as good as `token`, or better."""
    old = record.token
    if old is None or old.fingerprint in record.rejected:
        return False
    # A second is the rounding of a server that hands out the same token again.
    rounding = 1 if old.access_token == token.access_token else 0
    return old.expires_at >= token.expires_at or old.expires_at > token.expires_at - rounding


def _is_no_better(token: Token, record: Record) -> bool:
    """Tell whether `token` is in vain, although it was asked for later than that of the record."""
    old = record.token
    if old and old.access_token != token.access_token and old.issued_at > token.issued_at:
        return False  # the clock that stamped the old one has been set back, and so has its expiry
    return _outlives(record, token)


def _rejected_again(record: Record, lease: Lease, token: Token) -> Record | None:
    """Note that the server hands out a rejected token again: minting is no way out of that."""
    if not holds(record, lease):
        return None
    return replace(
        record,
        lease=None,
        rejections=record.rejections + 1,
        cool_down=_rejection(record, token.issued_at, _pause("rejected", record.rejections)),
    )


def _no_better(old: Token) -> CoolDown:
    """Some servers hand out the same token until it expires; asking before that is in vain."""
    return CoolDown(
        "same",
        "the authorization server has no token yet that lives longer than the one at hand",
        until=old.expires_at,
        seconds=old.lifetime,
    )


def failed(
    record: Record,
    lease: Lease,
    error: TokenRequestError,
    now: float,
    *,
    jitter: float = 1.0,
    credential: str | None = None,
) -> Record | None:
    """Give the lease back and let nobody ask again for a while.

    Args:
        record: As it is now.
        lease: That of the request that failed.
        error: What went wrong.
        now: Unix seconds.
        jitter: A number near 1 that the pause is multiplied with.
        credential: The fingerprint of the credentials that were used.

    """
    if not holds(record, lease):
        return None
    trouble = _trouble(error)
    asked_for = min(seconds(error.retry_after) or 0.0, _LONGEST_ASKED_FOR)
    length = max(_pause(trouble, record.failures) * jitter, asked_for)
    cool_down = CoolDown(
        trouble,
        str(error),
        until=now + length,
        seconds=length,
        # Anybody can write a source; what it says is kept if it can be read again.
        status=error.status if isinstance(error.status, int) else None,
        error=error.error if isinstance(error.error, str) else None,
        credential=credential if error.permanent else None,
    )
    return replace(record, lease=None, cool_down=cool_down, failures=record.failures + 1)


def _trouble(error: TokenRequestError) -> Trouble:
    if error.permanent:
        return "permanent"
    if error.may_have_issued:
        return "later" if seconds(error.retry_after) else "lost"
    return "passing"


def rejected(record: Record, fingerprint: str, now: float) -> Record | None:
    """Remember that the API answered 401 to the token with this fingerprint.

    Only the newest token can be rejected, and only once: a late 401 for an older one changes
    nothing. A token that was itself minted because of a rejection starts a cool-down, since more
    tokens are no cure for an API that rejects them all. It lasts from when that token was minted:
    the time for which it was good counts, and if that was long, this is another matter.
    """
    token = record.token
    if token is None or token.fingerprint != fingerprint or fingerprint in record.rejected:
        return None
    noted = replace(record, rejected=(*record.rejected, fingerprint)[-_REMEMBERED:])
    if record.cool_down and record.cool_down.trouble == "same":
        # There was no better token than this one. Now any other is better.
        noted = replace(noted, cool_down=None)
    if record.reason != "rejected":
        return noted
    good_for = max(now - token.issued_at, 0.0)
    _, longest = _PAUSES["rejected"]
    if good_for >= longest:
        return replace(noted, rejections=0)
    # When it expires another one is due anyway, and may be good for those who could use this one.
    pause = min(_pause("rejected", record.rejections) - good_for, token.remaining(now))
    return replace(noted, rejections=record.rejections + 1, cool_down=_rejection(noted, now, pause))


def _rejection(record: Record, now: float, pause: float) -> CoolDown | None:
    length = max(pause, _asked_for(record.cool_down, now))
    if length <= 0:
        return record.cool_down
    return CoolDown(
        "rejected",
        "the API rejects the tokens that the authorization server hands out:"
        " check audience, scope and issuer",
        until=now + length,
        seconds=length,
    )


def _asked_for(cool_down: CoolDown | None, now: float) -> float:
    """Seconds for which the server is to be left alone, whatever the API says meanwhile."""
    if cool_down is None or cool_down.trouble in ("same", "permanent"):
        return 0.0  # there was nothing better than that token; other credentials may be better
    return min(cool_down.until - now, cool_down.seconds)


def _pause(trouble: Trouble, before: int) -> float:
    first, longest = _PAUSES[trouble]
    return min(first * 2.0 ** min(before, 32), longest)
