"""The worlds that fleets live in: what goes wrong there, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from mintonce import Budget


@dataclass(frozen=True)
class World:
    """A fleet, what surrounds it, and what goes wrong: shares of all the times that it could.

    Attributes:
        processes: How many there are at once.
        tasks: Callers in each of them.
        hosts: Machines that they run on; those of one share its clock.
        lifetime: Seconds that a token lives.
        lives: Lifetimes that the run lasts.
        distance: Seconds to the store and back, at most.
        latency: Seconds that a token request takes, at most.
        pushes: Whether the store tells of changes.
        reissues: Whether the server hands out one token until it expires.
        budget: What may be spent.
        eager: Whether callers come again at once, and all of them when a token expires.
        demanding: Callers who need a token with a third of its life.
        leaving: Callers who go before they are served.
        killed: Processes that are killed, at any message that they send or receive.
        stopped: Processes that are stopped for seconds, likewise.
        torn: Processes whose event loop is torn down, likewise.
        deployed: How often the whole fleet is replaced, in one lifetime.
        store_fails: Messages to the store that never arrive.
        store_loses: Answers of the store that are lost, after it did what it was asked.
        store_slow: Messages to the store that take seconds.
        store_down: Share of the time in which the store is away.
        refuses: Token requests that are refused with a 503.
        limits: Those that are answered with 429 and Retry-After.
        breaks: Those that end with a 500, with a token or without.
        loses: Those whose token never arrives.
        down: Share of the time in which the server cannot be reached.
        revokes: API calls at which the token turns out to be revoked.
        rotates: How often the secret is changed, in one lifetime.
        unprepared: Token requests that a process cannot even prepare.
        hostile_api: Share of the time in which the API rejects every token.
        skew: Seconds by which clocks differ.
        steps: How often somebody sets a clock, in one lifetime.

    """

    processes: int = 3
    tasks: int = 3
    hosts: int = 3
    lifetime: float = 600.0
    lives: float = 3.0
    distance: float = 0.02
    latency: float = 1.0
    pushes: bool = False
    reissues: bool = False
    budget: Budget | None = None
    eager: bool = False
    demanding: float = 0.0
    leaving: float = 0.0
    killed: float = 0.0
    stopped: float = 0.0
    torn: float = 0.0
    deployed: float = 0.0
    store_fails: float = 0.0
    store_loses: float = 0.0
    store_slow: float = 0.0
    store_down: float = 0.0
    refuses: float = 0.0
    limits: float = 0.0
    breaks: float = 0.0
    loses: float = 0.0
    down: float = 0.0
    revokes: float = 0.0
    rotates: float = 0.0
    unprepared: float = 0.0
    hostile_api: float = 0.0
    skew: float = 0.0
    steps: float = 0.0

    @property
    def is_calm(self) -> bool:
        """Whether nothing at all goes wrong."""
        return not (self.reissues or any(getattr(self, name) for name in TROUBLES))

    @property
    def callers(self) -> int:
        """Tasks in all processes."""
        return self.processes * self.tasks

    @property
    def store_is_well(self) -> bool:
        """Whether the store always does what it is asked, and soon."""
        return not (self.store_fails or self.store_loses or self.store_slow or self.store_down)

    @property
    def server_is_well(self) -> bool:
        """Whether the server answers each request with a token that lives long."""
        troubles = self.refuses or self.limits or self.breaks or self.loses or self.down
        return not (troubles or self.rotates or self.unprepared or self.reissues)

    @property
    def demand(self) -> float:
        """Seconds of life that callers ask for at most."""
        return self.lifetime / 3 if self.demanding else 0.0

    def calmed(self) -> World:
        """Return the same fleet in a world where nothing goes wrong any more."""
        return self.troubled(dict.fromkeys(TROUBLES, 0.0))

    def troubled(self, shares: Mapping[str, float]) -> World:
        """Return the same fleet in a world with these troubles."""
        changes: dict[str, Any] = dict(shares)
        return replace(self, **changes)


TROUBLES: dict[str, Callable[[Random], float]] = {
    "demanding": lambda chance: chance.uniform(0.05, 0.5),
    "leaving": lambda chance: chance.uniform(0.05, 0.7),
    "killed": lambda chance: chance.uniform(0.002, 0.05),
    "stopped": lambda chance: chance.uniform(0.002, 0.1),
    "torn": lambda chance: chance.uniform(0.002, 0.05),
    "deployed": lambda chance: chance.uniform(0.3, 3.0),
    "store_fails": lambda chance: chance.uniform(0.005, 0.2),
    "store_loses": lambda chance: chance.uniform(0.005, 0.2),
    "store_slow": lambda chance: chance.uniform(0.005, 0.1),
    "store_down": lambda chance: chance.uniform(0.02, 0.3),
    "refuses": lambda chance: chance.uniform(0.1, 0.7),
    "limits": lambda chance: chance.uniform(0.1, 0.7),
    "breaks": lambda chance: chance.uniform(0.1, 0.5),
    "loses": lambda chance: chance.uniform(0.1, 0.5),
    "down": lambda chance: chance.uniform(0.05, 0.4),
    "revokes": lambda chance: chance.uniform(0.002, 0.1),
    "rotates": lambda chance: chance.uniform(0.2, 2.0),
    "unprepared": lambda chance: chance.uniform(0.1, 0.5),
    "hostile_api": lambda chance: chance.uniform(0.1, 0.5),
    "skew": lambda chance: chance.choice([5.0, 30.0, 120.0]),
    "steps": lambda chance: chance.uniform(0.3, 3.0),
}
"""What can go wrong, and how its share is drawn where it does."""


def drawn(chance: Random) -> World:
    """Draw a world: most are small, for small ones find most, and a few are large."""
    lifetime = chance.choice([60.0, 300.0, 3600.0, 3600.0, 86_400.0])
    troubles = chance.sample(sorted(TROUBLES), chance.choice([0, 1, 1, 2, 2, 3, 4, 6]))
    world = World(
        processes=_few(chance),
        tasks=_few(chance),
        hosts=chance.choice([1, 3, 10]),
        lifetime=lifetime,
        lives=chance.uniform(1.2, 2.4),
        distance=chance.choice([0.002, 0.02, 0.1]),
        latency=chance.choice([0.1, 1.0, 1.0, 6.0]),
        pushes=chance.random() < 0.5,
        reissues=chance.random() < 0.1,
        budget=_budget(chance, lifetime),
        eager=chance.random() < 0.3,
    )
    return world.troubled({name: TROUBLES[name](chance) for name in troubles})


def _few(chance: Random) -> int:
    """From 1 to 50, and seldom many."""
    return int(50.99 ** (chance.random() ** 8))


def _budget(chance: Random, lifetime: float) -> Budget | None:
    kind = chance.choice(["none", "rolling", "rolling", "hour", "day"])
    if kind == "none":
        return None
    limit = chance.choice([2, 4, 8, 16, 1000])
    if kind == "rolling":
        # Not shorter than what clocks may differ by, ten times over: see the guarantees.
        return Budget(limit, per=timedelta(seconds=max(2 * lifetime, 6000.0)))
    return Budget(limit, per="hour" if kind == "hour" else "day")
