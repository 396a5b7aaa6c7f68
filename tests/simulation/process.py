"""A simulated process: a real manager, its callers, and what befalls it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from mintonce import MintonceError, Token, TokenManager, TokenRequestError
from mintonce.clock import SystemClock
from simulation.store import Line, PushedLine
from simulation.time import ProcessLoop

if TYPE_CHECKING:
    from simulation.run import Run

pause = asyncio.sleep  # in made-up time: nobody has to wait for it


class Host:
    """A machine, and how far its wall clock is off."""

    def __init__(self, off: float) -> None:
        self.off = off


class HostClock(SystemClock):
    """The clocks of a process: one that somebody may set, and one that nobody can."""

    def __init__(self, run: Run, host: Host) -> None:
        self.wall = lambda: run.epoch + run.now + host.off
        self.steady = lambda: run.now


class Process:
    """One process with one manager, which is its source of tokens as well.

    Attributes:
        name: To tell it from others.
        loop: Its event loop.
        tokens: Its manager.
        callers: Its tasks that use tokens.
        secret: The number of the secret that it knows.
        is_closing: Whether it will end soon.
        is_dead: Whether it was killed or has ended.
        is_cut: Whether nothing that it sends arrives: what it does no longer counts.
        ended_at: When that was.
        stopped_at: When it last stood still.
        troubled_at: When the store last failed it.
        rejected: The tokens that its callers reported.
        hand: The token that it handed out last.
        since: Since when it hands out that one and no other.

    """

    key = "token-simulated"
    ledger_key = "ledger-simulated"

    def __init__(self, run: Run, name: str, host: Host) -> None:
        self.name = name
        self.loop = ProcessLoop(run.timeline)
        self.secret = run.server.secret
        self.is_closing = self.is_dead = self.is_cut = False
        self.stopped_at = self.troubled_at = -math.inf
        self.ended_at = math.inf
        self.callers: list[asyncio.Task[None]] = []
        self.rejected: set[str] = set()
        self.hand: Token | None = None
        self.since = 0.0
        self._run = run
        line = (PushedLine if run.world.pushes else Line)(run, self)
        self.tokens = TokenManager(
            self, store=line, budget=run.world.budget, clock=HostClock(run, host), mint_timeout=8.0
        )
        self._fate = run.world.killed + run.world.stopped + run.world.torn

    def __repr__(self) -> str:
        return self.name

    # What a source of tokens does.

    async def prepare(self, *, timeout: float) -> Callable[[], Awaitable[Mapping[str, Any]]]:  # noqa: ARG002 - part of the protocol
        """Read the secret."""
        if self._run.fails(self._run.world.unprepared):
            raise TokenRequestError("the secret cannot be read")
        return self.mint

    async def mint(self) -> Mapping[str, Any]:
        """Send a token request."""
        return await self._run.server.mint(self)

    async def fingerprint(self) -> str:
        """Tell one secret from another."""
        return f"secret-{self.secret}"

    # What befalls it.

    def has_trouble(self) -> None:
        """Note that the store failed it."""
        self.troubled_at = self._run.now

    async def meets_its_fate(self) -> None:
        """Be killed or stopped, perhaps: before a message is sent, or just after."""
        self.meets()
        if self.loop.is_stopped and self._run.chance.random() < 0.5:
            await pause(0)

    def meets(self) -> None:
        """Be killed, stopped or torn down, perhaps."""
        run = self._run
        if not self._fate or self.is_dead or run.chance.random() >= self._fate:
            return
        if not run.blows:
            return
        run.blows -= 1
        fate = run.chance.uniform(0.0, self._fate)
        if fate < run.world.killed:
            self.kill()
        elif fate < run.world.killed + run.world.stopped:
            self.stop(run.chance.choice([0.5, 3.0, 9.0, 60.0]) * run.chance.random())
        else:
            run.begin(self.tear_down())

    def kill(self) -> None:
        """Stand still for ever."""
        self._run.note(self, "is killed")
        self.is_dead = True
        self.ended_at = self._run.now
        self.loop.stop()
        self._run.fleet.lost(self)

    def stop(self, seconds: float) -> None:
        """Stand still for so long."""
        if self.loop.is_stopped:
            return
        self._run.note(self, f"is stopped for {seconds:.2f} s")
        self.stopped_at = self._run.now
        self.loop.stop()
        self._run.later(seconds, self._go_on)

    def _go_on(self) -> None:
        if not self.is_dead:
            self._run.note(self, "goes on")
            self.stopped_at = self._run.now
            self.loop.go_on()

    async def tear_down(self) -> None:
        """End the event loop and all that goes on in it, as `asyncio.run` does on Ctrl-C."""
        if self.is_dead or self.is_closing:
            return
        self._run.note(self, "is torn down")
        self.is_closing = True
        await self._run.on(self, self._cancel_all())
        self._run.judge.left_behind(self, self.loop.tasks())
        self.end()
        self._run.fleet.lost(self)

    async def close(self) -> None:
        """Close the manager, as a service does when it ends, and then the event loop."""
        self._run.note(self, "closes")
        self.is_closing = True
        await self._run.on(self, self._close())
        if not self.is_dead:
            self._run.judge.left_behind(self, self.loop.tasks())
            self.end()

    def end(self) -> None:
        """Be no more."""
        self._run.note(self, "has ended")
        self.is_dead = True
        self.ended_at = self._run.now
        self.loop.stop()

    async def bury(self) -> None:
        """Let all that a dead process would have done come to nothing."""
        self.is_cut = self.is_dead = True
        self.loop.go_on()
        await self._run.on(self, self._cancel_all())

    async def _close(self) -> None:
        await self.tokens.aclose()
        flights = {task for task in self.loop.tasks() if task.get_name().startswith("mintonce")}
        self._run.judge.left_behind(self, flights)
        await self._cancel_all()

    async def _cancel_all(self) -> None:
        # More than once: a task may hold out for a last write.
        while tasks := self.loop.tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    # What its callers do.

    async def call(self, min_validity: float, patience: float | None) -> Token | None:
        """Get a token, or give up."""
        judge = self._run.judge
        started = self._run.now
        try:
            async with asyncio.timeout(patience):
                token = await self.tokens.get(min_validity=min_validity)
        except TimeoutError:
            judge.left(self, started, patience or 0.0)
            return None
        except MintonceError as error:
            judge.refused(self, started, min_validity, error)
            return None
        judge.handed_out(self, started, min_validity, token)
        self.hand = token
        return token

    async def report(self, token: Token) -> None:
        """Report that the API rejected a token."""
        self._run.judge.reported(self, token)
        self.rejected.add(token.access_token)
        await self.tokens.invalidate(token)
