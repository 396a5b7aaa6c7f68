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
class Old(NamedTuple):
    """A token at hand, and the seconds of life that it has left by the clocks of this process."""

    token: Token
    left: float


class Need(NamedTuple):
    """What the callers of one flight need.

    Attributes:
        min_validity: Seconds of life that the token must have left.
        replaces: The token at hand, which early renewal is not content with.
        rejected: Fingerprints of tokens that these callers saw rejected.
        expired: A token that the steady clock knows to be over, or to live too short a time,
            whatever the wall clock says by now. The same token with a later expiry was issued
            anew, and is not meant.
        credential: The fingerprint of the present credentials, where it is known.

    """

    min_validity: float = 0.0
    replaces: Old | None = None
    rejected: frozenset[str] = frozenset()
    expired: Token | None = None
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
    record: Record,
    now: float,
    need: Need,
    *,
    me: Lease,
    unchanged_for: float = 0.0,
    cooled_for: float = 0.0,
) -> Step:
    """Say what to do next.

    Args:
        record: What the store keeps.
        now: Unix seconds.
        need: What the callers need.
        me: The lease to claim; why, and instead of which token, is filled in here.
        unchanged_for: Seconds that this process has seen the record unchanged.
        cooled_for: Seconds for which it has known of the cool-down in the record.

    """
    token, cool_down = record.token, record.cool_down
    if token and usable(record, now, need):
        return Use(token)
    if token and _asks_too_much(token, now, need):
        return Refuse(_too_long(token, need))
    if cool_down and (left := _left(cool_down, record, now, need, cooled_for)):
        return _refuse(cool_down, now, left)
    if record.lease and record.lease.holder != me.holder and unchanged_for < LEASE:
        return Wait()
    if token and _is_rejected(record, need) and token.fingerprint not in record.rejected:
        return Tell(token.fingerprint)
    old = token.fingerprint if token else None
    lease = replace(me, reason=_reason(record, now, need), instead_of=old)
    return Claim(replace(record, lease=lease), lease)


def usable(record: Record, now: float, need: Need) -> bool:
    """Tell whether the token of `record` is not expired, not rejected and long enough."""
    token = record.token
    return (
        token is not None
        and not _is_expired(token, now, need)
        and token.remaining(now) >= need.min_validity
        and (need.replaces is None or _is_better(token, need.replaces, now))
        and not _is_rejected(record, need)
    )


def _is_expired(token: Token, now: float, need: Need) -> bool:
    # A token from the future was stamped by a clock that was wrong, and so was its expiry.
    from_future = token.issued_at > now + SKEW
    return token.remaining(now) <= 0 or from_future or _is_spent(token, need.expired)


def _is_spent(token: Token, spent: Token | None) -> bool:
    """Tell whether `token` is the one that was spent, and not the same value issued anew."""
    return (
        spent is not None
        and token.access_token == spent.access_token
        and token.expires_at <= spent.expires_at
    )


def _is_better(token: Token, old: Old, now: float) -> bool:
    # By the life that is left. Which of two expires later says nothing if a clock was set between.
    return not _is_spent(token, old.token) and token.remaining(now) > old.left


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


def _concerns(cool_down: CoolDown, record: Record, now: float, need: Need) -> bool:
    """Tell whether the cool-down is about the request that would be sent now."""
    if cool_down.trouble == "same":
        # There was nothing better than a token that was good. It no longer is.
        over = record.token is None or _is_expired(record.token, now, need)
        return not over and not _is_rejected(record, need)
    # Other credentials than those that were refused are worth a request.
    return None in (need.credential, cool_down.credential) or (
        need.credential == cool_down.credential
    )


def _left(cool_down: CoolDown, record: Record, now: float, need: Need, cooled_for: float) -> float:
    """Seconds for which the cool-down still keeps this process from asking.

    By the wall clock, which all have in common, and by the steady clock of this process, which
    nobody sets: it never lasts longer than it was meant to.
    """
    by_wall, length = cool_down.until - now, cool_down.seconds
    # One that seems to last much longer than that was written by a clock that was wrong.
    if by_wall > length + SKEW or not _concerns(cool_down, record, now, need):
        return 0.0
    return max(min(by_wall, length - cooled_for), 0.0)


def _refuse(cool_down: CoolDown, now: float, left: float) -> Refuse:
    kind = TokenRejected if cool_down.trouble == "rejected" else TokenRequestError
    again_at = now + left
    error = kind(
        f"{cool_down.message}; it is asked again at {utc(again_at)}",
        permanent=cool_down.trouble == "permanent",
        may_have_issued=cool_down.trouble in ("lost", "later"),
        status=cool_down.status,
        error=cool_down.error,
        retry_after=left,
        retry_at=again_at,
    )
    passes = cool_down.trouble in ("passing", "later")
    return Refuse(error, again_at if passes else None, cool_down.credential)
