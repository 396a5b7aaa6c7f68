"""Faults to plant in the code under test: each changes one function in the way of a common mistake.

Whoever plants one and sees no promise broken knows that the simulation proves less than it says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mintonce import (
    Budget,
    asking,
    cell,
    driver,
    flight,
    hold,
    lease,
    manager,
    minting,
    renewal,
    saving,
    spending,
    watch,
)
from simulation import mistakes
from simulation.world import World

HOURLY = Budget(1000, per="hour")
FEW = Budget(4, per=timedelta(seconds=6000))


@dataclass(frozen=True)
class Fault:
    """A mistake, and a world in which it shows.

    Attributes:
        owner: The module or class with the function.
        name: The function.
        change: Takes the right function, and returns the wrong one.
        world: Where it does harm.

    """

    owner: Any
    name: str
    change: Callable[[Any], Any]
    world: World

    @contextmanager
    def planted(self) -> Generator[None]:
        """Have the fault in the code while the block runs."""
        right = vars(self.owner)[self.name]
        setattr(self.owner, self.name, self.change(right))
        try:
            yield
        finally:
            setattr(self.owner, self.name, right)


def instead(wrong: Any) -> Callable[[Any], Any]:
    """Put `wrong` in the place of the right function."""
    return lambda _: wrong


FAULTS: dict[str, Fault] = {
    "a swap that was lost counts as won": Fault(
        cell.Cell, "swap", mistakes.believes_it_won, World(processes=8)
    ),
    "a swap that failed counts as done": Fault(
        cell.Cell,
        "swap",
        mistakes.takes_an_error_for_success,
        World(store_fails=0.2, budget=HOURLY),
    ),
    "a request is counted after it was sent": Fault(
        minting.Mintage, "_paid", instead(mistakes.reserves_after_sending), World(budget=HOURLY)
    ),
    "whoever gives up drops the lease, whose ever it is": Fault(
        minting, "released", instead(mistakes.drops_any_lease), World(stopped=0.1, budget=HOURLY)
    ),
    "whoever lands drops the lease, whose ever it is": Fault(
        minting, "landed", mistakes.lands_on_any_lease, World(stopped=0.1, latency=6.0)
    ),
    "a lease is not renewed": Fault(
        lease.HeldLease, "_beat", instead(mistakes.no_heartbeat), World(latency=6.0)
    ),
    "a lease dies by the wall clock": Fault(
        watch.Watch,
        "look",
        instead(mistakes.watches_the_wall_clock),
        World(latency=6.0, steps=200.0),
    ),
    "a lease dies too soon": Fault(driver, "decide", mistakes.impatient, World()),
    "a lease never dies": Fault(
        watch.Watch, "look", instead(lambda *_: 0.0), World(killed=0.05, processes=2, pushes=True)
    ),
    "a caller who leaves cancels the request": Fault(
        flight.Flights, "join", instead(mistakes.cancels_the_call), World(leaving=0.7)
    ),
    "a token is handed out before it is stored": Fault(
        minting.Mintage, "_land", instead(mistakes.stores_after_handing_out), World()
    ),
    "a lost answer is not counted": Fault(
        minting.Mintage,
        "_send",
        instead(mistakes.refunds_a_lost_answer),
        World(loses=0.5, budget=FEW),
    ),
    "requests are not counted": Fault(
        spending, "reserve", mistakes.counts_nothing, World(lifetime=60.0, lives=9.0, budget=FEW)
    ),
    "a rejection is not by value": Fault(
        driver, "rejected", mistakes.rejects_by_time, World(revokes=0.1, distance=0.1, tasks=9)
    ),
    "rejections are forgotten": Fault(
        renewal, "_is_rejected", instead(lambda *_: False), World(revokes=0.1)
    ),
    "rejections do not slow down": Fault(
        driver,
        "rejected",
        mistakes.never_cools_down,
        World(lifetime=3600.0, hostile_api=0.5, tasks=20),
    ),
    "how long a token lives is stored, not until when": Fault(
        driver.Driver, "obtain", mistakes.stores_how_long_it_lives, World(deployed=3.0)
    ),
    "a token lives from when it came": Fault(
        asking,
        "from_response",
        mistakes.lives_from_the_answer,
        World(lifetime=60.0, lives=9.0, eager=True, down=0.4),
    ),
    "what callers need is ignored": Fault(
        renewal, "usable", mistakes.ignores_the_need, World(demanding=0.3, processes=2)
    ),
    "a refusal is not shared": Fault(
        minting, "failed", instead(mistakes.shares_no_cool_down), World(refuses=0.7)
    ),
    "a server that names a time is asked before": Fault(
        minting, "failed", mistakes.ignores_retry_after, World(limits=0.5)
    ),
    "a token lives by the wall clock alone": Fault(
        hold.Hold,
        "remaining",
        instead(mistakes.remaining_by_the_wall_clock),
        World(lifetime=60.0, lives=9.0, steps=9.0),
    ),
    "a token that is due counts as expired": Fault(
        hold.Hold, "remaining", instead(mistakes.remaining_until_due), World(down=0.4, tasks=9)
    ),
    "a token that could not be stored is forgotten": Fault(
        saving.Saving,
        "keep",
        instead(lambda *_: None),
        World(processes=1, lifetime=3600.0, store_fails=0.3, budget=HOURLY),
    ),
    "closing waits for nothing": Fault(
        manager.TokenManager,
        "aclose",
        instead(mistakes.waits_for_nothing),
        World(deployed=3.0, latency=6.0),
    ),
    "a time limit runs while the process stands still": Fault(
        cell, "time_limit", instead(asyncio.timeout), World(stopped=0.1, processes=8)
    ),
    "a flight that failed hides what another brought": Fault(
        manager.TokenManager,
        "_get",
        instead(mistakes.forgets_other_flights),
        World(
            demanding=0.3,
            store_loses=0.2,
            pushes=True,
            latency=6.0,
            tasks=24,
            deployed=3.0,
            budget=HOURLY,
        ),
    ),
}
"""Each fault by what it does wrong."""
