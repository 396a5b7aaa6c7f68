"""The promises, as the judge holds all that is sent and written to them.

Where the text of a promise names an exception (a process that stood still, a store that failed,
clocks that differ), the exception is made here, for just the process and just the time concerned.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from mintonce.record import Record
from mintonce.renewal import LEASE, SKEW

if TYPE_CHECKING:
    from simulation.facts import Claim, Request
    from simulation.judge import Judge
    from simulation.process import Process

_EARLY = 60.0  # seconds before its expiry that a token is renewed at most
_MOMENT = 1e-3  # seconds: how exact sums of times are
_SHORTEST_PAUSE = 0.3  # seconds from one refusal to the next request, the jitter included
_SHORT_WHILE = 600.0  # seconds in which there are few rejections, since pauses double from ten
_MINTS_IN_A_SHORT_WHILE = 9


def on_write(judge: Judge, process: Process, before: Record, after: Record) -> None:
    """Nobody drops a lease that is not theirs, nor puts an older token in the place of a newer."""
    if before.lease and after.lease is None:
        owner = judge.owners[before.lease.holder]
        judge.demands("G1", owner is process, lambda: f"{process} dropped the lease of {owner}")
    if before.token and after.token and before.token.access_token != after.token.access_token:
        old, new = before.token.access_token, after.token.access_token
        is_newer = judge.expiry[new] + judge.spread + 1 >= judge.expiry[old]
        judge.demands(
            "G4", is_newer or old in judge.reports, lambda: f"{new} took the place of {old}"
        )
        judge.demands(
            "G6", new not in before.rejected, lambda: f"{new} was stored, and known to be rejected"
        )


def on_claim(judge: Judge, claim: Claim, before: Record) -> None:
    """Nobody wants to mint while there is a token, or while somebody else mints."""
    if before.token and before.token.access_token not in judge.reports and judge.spread < SKEW:
        left = judge.known_left(before.token)
        world = judge.world
        allowed = max(min(_EARLY, world.lifetime / 10), world.demand) + judge.spread
        judge.demands(
            "G1",
            left <= allowed + _MOMENT,
            lambda: f"{claim.process} wants to mint, but {claim.instead_of} lives {left:.2f} s",
        )
    if before.lease:
        stood = judge.run.now - judge.written
        judge.demands(
            "G1",
            stood >= LEASE - _MOMENT,
            lambda: f"{claim.process} took a lease that was written {stood:.3f} s ago",
        )


def on_request(judge: Judge, request: Request) -> None:
    """One request under a lease, counted before it is sent, and never two at once."""
    process, budget = request.process, judge.world.budget
    mine = [other for other in judge.requests if other.process is process]
    if budget:
        reserved = judge.reservations.get(process.name, [])
        judge.demands(
            "G2",
            len(reserved) > len(mine),
            lambda: f"{process} sends a request that is not counted yet",
        )
    if budget or judge.world.store_is_well:
        claims = sum(claim.process is process for claim in judge.claims)
        # Who could not give the lease back after a refusal may use it once more.
        used = sum(other.delivered is not None or other.ended > judge.run.now for other in mine)
        judge.demands("G1", claims > used, lambda: f"{process} sends two requests under one lease")
        for other in judge.requests[-8:]:
            if other.ended > judge.run.now and not _may_be_late(other):
                judge.breaks("G1", f"{process} and {other.process} both mint")
        _on_asking_again(judge, request)
    if request.claim and request.claim.reason == "rejected":
        _on_rejection(judge, request)


def _may_be_late(request: Request) -> bool:
    """Whether others may have taken the lease: its holder stood still, or could not write."""
    process, claimed = request.process, request.claim.at if request.claim else math.inf
    return (
        process.is_dead
        or process.loop.is_stopped
        or process.stopped_at >= claimed - 1
        or process.troubled_at >= claimed - 1
    )


def _on_asking_again(judge: Judge, request: Request) -> None:
    """Who was refused leaves the server alone for a while, and so does everybody else."""
    for other in judge.requests[-4:]:
        ago = judge.run.now - other.ended
        is_same = other.wait or other.secret == request.process.secret
        pause = max(_SHORTEST_PAUSE, other.wait - 0.1)
        if other.is_refused and is_same and 0 <= ago < pause and judge.spread < 0.1:
            judge.demands(
                "G5",
                _may_be_late(other) or _may_be_late(request),
                lambda ago=ago: f"{request.process} asks {ago:.3f} s after a refusal",  # type: ignore[misc]  # mypy knows no defaults here
            )


def _on_rejection(judge: Judge, request: Request) -> None:
    """One mint for each rejected token, unless the one before brought none."""
    assert request.claim
    value = request.claim.instead_of
    for other in judge.requests:
        same = other.claim and (other.claim.reason, other.claim.instead_of) == ("rejected", value)
        brought_one = other.delivered is not None and other.delivered < request.claim.at
        if same and brought_one and not _may_be_late(other):
            judge.breaks("G6", f"{request.process} mints once more because {value} was rejected")
    recent = [
        other
        for other in judge.requests
        if other.sent > judge.run.now - _SHORT_WHILE
        and other.delivered
        and other.is_after_rejection
    ]
    judge.demands(
        "G6",
        len(recent) <= _MINTS_IN_A_SHORT_WHILE or judge.world.lifetime < _SHORT_WHILE,
        lambda: f"{len(recent)} tokens in {_SHORT_WHILE:g} s because of rejections",
    )


def on_count(judge: Judge) -> None:
    """No window has more requests than its budget."""
    budget, now = judge.world.budget, judge.run.now
    if budget is None:
        return
    wall, epoch = judge.run.epoch + now, judge.run.epoch
    if isinstance(budget.per, timedelta):
        start = wall - budget.per.total_seconds()
    else:
        length = {"hour": 3600, "day": 86_400}[budget.per]
        start = wall - wall % length
    used = sum(epoch + at > start for at in judge.counted)
    judge.demands(
        "G2", used <= budget.limit, lambda: f"{used} requests in one window of {budget.limit}"
    )


def on_refund(judge: Judge, request: Request) -> None:
    """A request that may have cost a token stays counted."""
    judge.demands(
        "G2",
        not (request.counts and judge.world.budget),
        lambda: f"the request of {request.process} at {request.sent:.3f} s is not counted any more",
    )


def on_giving_up(judge: Judge, request: Request) -> None:
    """A request is cancelled when it takes too long, or with its event loop; not with a caller."""
    process, took = request.process, judge.run.now - request.sent
    judge.demands(
        "G4",
        took >= 8.0 - _MOMENT
        or process.stopped_at >= request.sent
        or process.is_closing
        or process.is_cut
        or _is_over(judge),
        lambda: f"{process} gave up a token request after {took:.2f} s",
    )


def _is_over(judge: Judge) -> bool:
    return bool(judge.violations)
