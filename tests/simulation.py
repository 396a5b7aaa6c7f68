"""A fleet in made-up time: hours pass in a moment, and hosts, the store and the server misbehave.

Everything that happens follows from a seed, so whatever goes wrong can be watched again.
"""

from __future__ import annotations

import asyncio
import math
import random
import selectors
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mintonce import (
    Budget,
    MemoryStore,
    MintonceError,
    StoreUnavailable,
    TokenManager,
    TokenRequestError,
)

let_pass = asyncio.sleep  # of the made-up time: nobody has to wait for it


class _Selector(selectors.SelectSelector):
    """Time passes when all wait for it, and as much as they wait for."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits for something that will never happen")
        self.now += max(timeout, 0.0)
        return []


class MadeUpTime(asyncio.SelectorEventLoop):
    """An event loop whose clock is moved on instead of waited for."""

    def __init__(self) -> None:
        self._passed = _Selector()
        super().__init__(self._passed)

    def time(self) -> float:
        """Seconds since it was made."""
        return self._passed.now


@dataclass(frozen=True)
class World:
    """What goes wrong, and how often: shares of all the times that it could.

    Attributes:
        hosts: How many there are at once.
        lifetime: Seconds that a token lives.
        latency: Seconds that the server takes at most.
        refused: Requests that are refused for the moment.
        lost: Requests whose token never arrives.
        flaky: Reads and writes of the store that fail, half of the writes after they were done.
        slow: Those that take seconds.
        killed: Hosts that die within a seventh of a lifetime.
        paused: Hosts that stand still for seconds in that time.
        rejected: Tokens that the API refuses.
        leaving: Callers who do not wait.
        demanding: Callers who need a token with a third of its life.
        skew: Seconds by which clocks differ.
        budget: Requests in two lifetimes.

    """

    hosts: int = 4
    lifetime: float = 60.0
    latency: float = 1.0
    refused: float = 0.0
    lost: float = 0.0
    flaky: float = 0.0
    slow: float = 0.0
    killed: float = 0.0
    paused: float = 0.0
    rejected: float = 0.0
    leaving: float = 0.0
    demanding: float = 0.0
    skew: float = 0.0
    budget: int = 1000


@dataclass
class Run:
    """What happens in one world.

    Attributes:
        world: What goes wrong.
        chance: Decides when.
        counted: When requests were sent that may have cost a token.
        at_once: The most requests that were ever under way together.
        stale: Tokens that were handed out with less life than they should have had.
        served: How often a caller got a token.
        errors: What callers got in its place.

    """

    world: World
    chance: random.Random
    counted: list[float] = field(default_factory=list[float])
    at_once: int = 0
    stale: list[str] = field(default_factory=list[str])
    served: int = 0
    errors: list[MintonceError] = field(default_factory=list[MintonceError])
    _under_way: int = 0

    async def mint(self, host: Host) -> Mapping[str, Any]:
        """Be the authorization server."""
        await host.awake()
        started = asyncio.get_running_loop().time()
        is_refused = self.chance.random() < self.world.refused
        if not is_refused:
            self.counted.append(started)
        self._under_way += 1
        self.at_once = max(self.at_once, self._under_way)
        try:
            await let_pass(self.chance.uniform(0, self.world.latency))
            await host.awake()
        finally:
            self._under_way -= 1
        if is_refused:
            raise TokenRequestError("not now")
        if self.chance.random() < self.world.lost:
            await let_pass(math.inf)
        # The token says itself when it is over, for those who check.
        token = f"{len(self.counted)}:{started + self.world.lifetime}"
        return {"access_token": token, "expires_in": self.world.lifetime}

    async def call(self, host: Host, until: float) -> None:
        """Be a task that uses tokens."""
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            await host.awake()
            demands = self.chance.random() < self.world.demanding
            need = self.world.lifetime / 3 if demands else 0.0
            leaves = self.chance.random() < self.world.leaving
            try:
                async with asyncio.timeout(self.chance.uniform(0, 1) if leaves else None):
                    token = await host.tokens.get(min_validity=need)
            except TimeoutError:
                continue
            except MintonceError as error:
                self.errors.append(error)
            else:
                self.served += 1
                over = float(token.access_token.partition(":")[2])
                # A caller may have stood still since, and clocks differ.
                if not host.was_paused and over - loop.time() < need - 1 - self.world.skew:
                    self.stale.append(f"{over - loop.time()} s left of {need}")
                if self.chance.random() < self.world.rejected:
                    await host.tokens.invalidate(token)
            await let_pass(self.chance.uniform(0, self.world.lifetime / 10))


@dataclass
class Clock:
    """The clocks of a host: right, but for so many seconds."""

    off: float

    def wall(self) -> float:
        """Unix seconds."""
        return 1_700_000_000.0 + self.steady() + self.off

    def steady(self) -> float:
        """Seconds of the made-up time."""
        return asyncio.get_running_loop().time()


class Host:
    """One process with one manager; also its way to the store, and to the server.

    A host that was killed stands still for ever, so that nothing it would do is ever done.
    """

    def __init__(self, run: Run, values: MemoryStore) -> None:
        self.key = "token-simulated"
        self.clock = Clock(run.chance.uniform(-0.5, 0.5) * run.world.skew)
        self.still_until = 0.0
        self.was_paused = False
        self._run = run
        self._values = values
        budget = Budget(run.world.budget, per=timedelta(seconds=2 * run.world.lifetime))
        self.tokens = TokenManager(
            self, store=self, budget=budget, clock=self.clock, mint_timeout=8.0
        )

    async def awake(self) -> None:
        """Return when the host runs."""
        while (left := self.still_until - self.clock.steady()) > 0:
            self.was_paused = True
            await let_pass(left)

    async def mint(self) -> Mapping[str, Any]:
        """Ask the server."""
        return await self._run.mint(self)

    async def read(self, key: str) -> bytes | None:
        """Ask the store, over a bad line."""
        await self._line()
        return await self._values.read(key)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Write to the store, over a bad line there and back."""
        await self._line()
        done = await self._values.swap(key, old, new, ttl=ttl)
        await self._line()
        return done

    async def _line(self) -> None:
        chance, world = self._run.chance, self._run.world
        await self.awake()
        await let_pass(chance.uniform(0, 2.0 if chance.random() < world.slow else 0.02))
        await self.awake()
        if chance.random() < world.flaky:
            raise StoreUnavailable("a bad line")
