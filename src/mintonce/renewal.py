"""The protocol, pure: what the record says, what the callers need, and so what to do next.

Nothing here reads a clock, a store or the network, so every interleaving can be tried out.
`decide` says what one process does next; `mintonce.outcome` says what becomes of the record then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from mintonce.errors import TokenRejected, TokenRequestError, UsageError, utc
from mintonce.record import CoolDown, Lease, Reason, Record
from mintonce.token import Token

LEASE = 2.2
"""Seconds after which a lease that nobody renewed is dead, by the observer's own steady clock. It
leaves time to notice and to import what mints, so that a dead process is replaced within three."""

HEARTBEAT = 0.7
"""Seconds between two renewals of a lease by its holder: one may fail, and it still lives."""

SKEW = 300.0
"""Seconds by which the wall clocks of two hosts may differ before they distrust each other."""

LARGEST_SHARE = 0.9
"""The part of a token's lifetime that callers may ask for. Asking for nearly all of it would mint
for nearly every call."""


# Named tuples, here and beside: as dataclasses they would make up an eighth of `import mintonce`.
class Need(NamedTuple):
    """What the callers of one flight need.

    Attributes:
        min_validity: Seconds of life that the token must have left.
        later_than: The token must expire after this, in Unix seconds: early renewal is not content
            with the token that it replaces.
        rejected: Fingerprints of tokens that these callers saw rejected.
        expired: The fingerprint of a token that the steady clock knows to be over, whatever the
            wall clock says by now.
        credential: The fingerprint of the present credentials, where it is known.

    """

    min_validity: float = 0.0
    later_than: float = 0.0
    rejected: frozenset[str] = frozenset()
    expired: str | None = None
    credential: str | None = None


class Use(NamedTuple):
    """There is a token for this need."""

    token: Token


class Wait(NamedTuple):
    """Somebody else mints: wait until the record changes."""


class Tell(NamedTuple):
    """Tell the others first that the API rejected the token: that failed when it was reported."""

    fingerprint: str


class Claim(NamedTuple):
    """Swap this record in; whose swap succeeds, mints."""

    record: Record
    lease: Lease


class Refuse(NamedTuple):
    """No token, and no request either.

    `again_at` (Unix seconds) is set where waiting a moment is worth while.
    """

    error: UsageError | TokenRequestError
    again_at: float | None = None
    credential: str | None = None


Step = Use | Wait | Tell | Claim | Refuse


def decide(
    record: Record, now: float, need: Need, *, me: Lease, unchanged_for: float = 0.0
) -> Step:
    """Say what to do next.

    Args:
        record: What the store keeps.
        now: Unix seconds.
        need: What the callers need.
        me: The lease to claim; its reason is filled in here.
        unchanged_for: Seconds that this process has seen the record unchanged.

    """
    token, cool_down = record.token, record.cool_down
    if token and usable(record, now, need):
        return Use(token)
    if token and _asks_too_much(token, now, need):
        return Refuse(_too_long(token, need))
    if cool_down and _cooling(cool_down, now, need):
        return _refuse(cool_down, now)
    if record.lease and record.lease.holder != me.holder and unchanged_for < LEASE:
        return Wait()
    if token and _is_rejected(record, need) and token.fingerprint not in record.rejected:
        return Tell(token.fingerprint)
    lease = replace(me, reason=_reason(record, now, need))
    return Claim(replace(record, lease=lease), lease)


def usable(record: Record, now: float, need: Need) -> bool:
    """Tell whether the token of `record` is not expired, not rejected and long enough."""
    token = record.token
    return (
        token is not None
        and not _is_expired(token, now, need)
        and token.remaining(now) >= need.min_validity
        and token.expires_at > need.later_than
        and not _is_rejected(record, need)
    )


def _is_expired(token: Token, now: float, need: Need) -> bool:
    # A token from the future was stamped by a clock that was wrong, and so was its expiry.
    from_future = token.issued_at > now + SKEW
    return token.remaining(now) <= 0 or from_future or token.fingerprint == need.expired


def _is_rejected(record: Record, need: Need) -> bool:
    return record.token is not None and (
        record.token.fingerprint in need.rejected or record.token.fingerprint in record.rejected
    )


def _reason(record: Record, now: float, need: Need) -> Reason:
    if record.token is None:
        return "cold"
    if _is_rejected(record, need):
        return "rejected"
    return "expired" if _is_expired(record.token, now, need) else "early"


def _asks_too_much(token: Token, now: float, need: Need) -> bool:
    return not _is_expired(token, now, need) and (
        need.min_validity > token.lifetime * LARGEST_SHARE
    )


def _too_long(token: Token, need: Need) -> UsageError:
    return UsageError(
        f"min_validity={need.min_validity:g} is more than nine tenths of a token's lifetime:"
        f" this server's tokens live {token.lifetime:g} s"
    )


def _cooling(cool_down: CoolDown, now: float, need: Need) -> bool:
    rotated = None not in (need.credential, cool_down.credential) and (
        need.credential != cool_down.credential
    )
    return not rotated and 0 < cool_down.until - now <= cool_down.seconds + SKEW


def _refuse(cool_down: CoolDown, now: float) -> Refuse:
    kind = TokenRejected if cool_down.trouble == "rejected" else TokenRequestError
    error = kind(
        f"{cool_down.message}; it is asked again at {utc(cool_down.until)}",
        permanent=cool_down.trouble == "permanent",
        may_have_issued=cool_down.trouble == "lost",
        status=cool_down.status,
        error=cool_down.error,
        retry_after=cool_down.until - now,
        retry_at=cool_down.until,
    )
    again_at = cool_down.until if cool_down.trouble == "passing" else None
    return Refuse(error, again_at, cool_down.credential)
