"""The promises, as the judge holds all that callers get to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintonce import BudgetExhausted, MintonceError, StoreError, Token, TokenRejected
from mintonce.renewal import SKEW

if TYPE_CHECKING:
    from simulation.facts import Request
    from simulation.judge import Judge
    from simulation.process import Process

_MOMENT = 1e-3  # seconds: how exact sums of times are
_LONGEST_TROUBLE = 10.0  # seconds for which one message to the store may keep a process busy
_LONGEST_PAUSE = 90.0  # seconds between two tries to store a token, and for the last of them
SOON = 150.0  # seconds after which a token that arrived is stored, if the store is well
LONGEST_WAIT = 200.0  # seconds that any call may take, whatever happens


def on_token(judge: Judge, process: Process, need: float, token: Token) -> None:
    """What is handed out lives as long as it should, was not reported, and is stored."""
    value = token.access_token
    left = judge.left_for(value)
    judge.demands(
        "G3",
        left >= need - judge.spread - _MOMENT,
        lambda: f"{process} handed out {value} with {left:.2f} s of {need:g} left",
    )
    # However wrong the clocks are that are set: one clock of this process is right.
    if process.hand is None or process.hand.access_token != value:
        process.since = judge.run.now
    known_for = judge.run.now - process.since
    judge.demands(
        "G3",
        # A token that is issued once more may get a later expiry from a clock that was set.
        judge.world.reissues or known_for <= judge.world.lifetime - need + _MOMENT,
        lambda: f"{process} handed out {value} for {known_for:.2f} s, although {need:g} was needed",
    )
    judge.demands(
        "G6",
        value not in process.rejected,
        lambda: f"{process} handed out {value}, which was reported to it",
    )
    judge.demands(
        "G4",
        value in judge.kept or not judge.world.store_is_well,
        lambda: f"{process} handed out {value}, which is not stored",
    )


def on_error(
    judge: Judge, process: Process, started: float, need: float, error: MintonceError
) -> None:
    """Nobody gets an error while a token is at hand, or in a store that answers."""
    if judge.world.reissues and need:
        return  # a token that is handed out once more has too short a life for some needs
    least = need + judge.spread + _MOMENT
    hand = process.hand
    if hand and hand.access_token not in judge.reports:
        judge.demands(
            "G5",
            judge.known_left(hand) <= least,
            lambda: f"{process} has {hand.access_token}, and tells a caller {error!r}",
        )
    token = judge.record.token
    undisturbed = max(process.troubled_at, process.stopped_at) < started - _LONGEST_TROUBLE
    if token and undisturbed and not process.loop.is_stopped and judge.spread < SKEW:
        value = token.access_token
        is_known = judge.run.now - judge.kept[value] > 1.0 and started > judge.kept[value]
        judge.demands(
            "G5",
            not is_known or value in judge.reports or judge.known_left(token) <= least,
            lambda: f"{value} is stored, and {process} tells a caller {error!r}",
        )
    if process.stopped_at >= started:
        return  # to whoever stood still, the store seems to be slow
    if judge.world.server_is_well and judge.world.store_is_well:
        allowed = (BudgetExhausted, TokenRejected) if judge.reports else (BudgetExhausted,)
        judge.demands(
            "G5",
            isinstance(error, allowed) or judge.spread >= SKEW,
            lambda: f"all is well, and {process} tells a caller {error!r}",
        )
    judge.demands(
        "G5",
        not isinstance(error, StoreError) or not judge.world.store_is_well,
        lambda: f"the store is well, and {process} tells a caller {error!r}",
    )


def on_wait(judge: Judge, process: Process, started: float) -> None:
    """Nobody waits for long, and not for a process that died."""
    world, waited = judge.world, judge.run.now - started
    if waited <= world.latency or process.stopped_at >= started:
        return
    longest = LONGEST_WAIT
    if world.store_is_well and world.server_is_well and not (world.stopped or world.torn):
        # Only those who were killed in the meantime can have kept others waiting.
        killed = sum(claim.process.is_dead for claim in judge.claims)
        longest = 1.0 + world.latency + killed * (3.0 + world.latency)
    judge.demands("G8", waited <= longest, lambda: f"a caller of {process} waited {waited:.2f} s")


def on_looking_back(judge: Judge, request: Request) -> None:
    """A token that arrived is stored by now, or there is a better one."""
    value, process, now = request.value, request.process, judge.run.now
    best = max((judge.expiry[kept] for kept in judge.kept), default=0.0)
    if value is None or value in judge.reports or judge.expiry[value] <= max(best, now):
        return
    could_store_it = (
        (judge.world.budget is not None or judge.world.store_is_well)  # not minted for it alone
        and process.ended_at > now
        and process.stopped_at < request.sent
        and process.troubled_at < now - _LONGEST_PAUSE
    )
    judge.demands("G4", not could_store_it, lambda: f"{value} came to {process}, and was lost")


def on_end(judge: Judge) -> None:
    """If nothing ever went wrong, there was one request for each life of a token."""
    if judge.world.is_calm:
        lives = judge.run.now / (judge.world.lifetime * 0.9)
        judge.demands(
            "G1",
            len(judge.requests) <= lives + 1,
            lambda: f"{len(judge.requests)} requests in {lives:.1f} lifetimes",
        )
