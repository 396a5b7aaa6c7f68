"""What the demo was to show, and whether it did."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mintonce.cli.demo_fleet import Tally
from mintonce.cli.demo_judge import Count
from mintonce.status import Status

EARLY = 0.9
"""The part of a token's life after which it may be renewed: early renewal takes a tenth at most."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise, what came of it in numbers, and whether it was kept."""

    promise: str
    found: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One run of the load.

    Attributes:
        tally: What the processes did.
        count: What the authorization server counted meanwhile.
        seconds: How long it took.

    """

    tally: Tally
    count: Count
    seconds: float


def least(part: Part, lifetime: float) -> int:
    """Return the token requests without which nobody could have served these tasks."""
    return max(math.ceil((part.tally.last - part.tally.first) / lifetime), 1)


def verdict(part: Part, status: Status, *, lifetime: float) -> list[Promise]:
    """Judge a fleet that shared one store, by the server's count and by what the store says."""
    return [
        _served(part.tally),
        _once(part, status, lifetime),
        _counted(part.count, status),
    ]


def _served(tally: Tally) -> Promise:
    trouble = f"; {tally.errors[0]}" if tally.errors else ""
    return Promise(
        "every task gets a token that the API takes, whoever is killed",
        f"{tally.tokens} of {tally.goal} tasks, {len(tally.errors)} errors{trouble}",
        tally.tokens == tally.goal and not tally.errors,
    )


def _once(part: Part, status: Status, lifetime: float) -> Promise:
    # The count can start where the first request was reserved. From there on, a request follows
    # another when the token is in the last part of its life, or when the one who sent it was killed
    # before the token was in the store.
    start = status.mints[0].at if status.mints else part.tally.first
    renewals = math.floor((part.tally.last - start) / (lifetime * EARLY))
    open_ended = sum(mint.outcome == "sent" for mint in status.mints)
    cut_short = min(open_ended, part.tally.killed)
    allowed = 1 + renewals + cut_short
    killed = f", {cut_short} cut short by a kill" if cut_short else ""
    plural = "" if renewals == 1 else "s"
    return Promise(
        "a token is minted once, and again when it is about to expire",
        f"{part.count.requests} token requests, of at most {allowed} (1 first, {renewals}"
        f" renewal{plural}{killed}; tokens live {lifetime:g} s)",
        part.count.requests <= allowed,
    )


def _counted(count: Count, status: Status) -> Promise:
    budget = status.budgets[0]
    return Promise(
        "a token request is counted before it is sent, and the budget holds",
        f"{count.requests} were sent, {budget.used} of {budget.limit} are counted",
        count.requests <= budget.used <= budget.limit,
    )
