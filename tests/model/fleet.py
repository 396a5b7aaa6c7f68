"""A few real managers whose every step is drawn by lot, and compared with the model."""

from __future__ import annotations

import asyncio
import random

from model.passing import let_pass
from model.real import Asked, Outside, Process
from model.trouble import MINTING, is_busy
from model.values import EXPIRY, Act, World

_HURRY = 0.3  # seconds in which a process that stands not still does what it does


class Fleet:
    """Managers, and who decides what happens next.

    Args:
        world: How many there are, and with which budget.
        chance: Draws the lots.
        trouble: How often something goes wrong, where it could.

    """

    def __init__(self, world: World, chance: random.Random, trouble: float) -> None:
        self._outside = Outside(world)
        self._chance, self._trouble = chance, trouble
        self._processes = [Process(n, self._outside, world) for n in range(world.processes)]
        self._still_until = dict[int, float]()  # for ever: it is dead
        self._told = set[asyncio.Task[None]]()
        self.acts = 0

    async def live(self, steps: int) -> None:
        """Take so many steps."""
        for _ in range(steps):
            for _ in range(12):
                await asyncio.sleep(0)
            self._tell_ends()
            self._wake()
            await self._step()

    async def _step(self) -> None:
        asked = [a for a in self._outside.asked if a.mover not in self._still_until]
        late = [a for a in asked if self._time() - a.since > _HURRY]
        if late:
            self._do(late[0])
        elif self._chance.random() < self._trouble:
            self._misfortune()
        elif asked and self._chance.random() < 0.8:
            self._do(self._chance.choice(asked))
        elif not self._call():
            await let_pass(0.1)

    def _do(self, asked: Asked) -> None:
        faults = {"swap": ("lost", "failed"), "answer": ("lost", "refused")}.get(asked.kind, ())
        is_troubled = bool(faults) and self._chance.random() < self._trouble
        self.acts += 1
        self._outside.do(asked, self._chance.choice(faults) if is_troubled else "")

    def _misfortune(self) -> None:
        name = self._chance.randrange(len(self._processes))
        happens = (self._die, self._stand_still, self._reject, self._grow_older)
        if name not in self._still_until:
            self._chance.choice(happens)(name)

    def _die(self, name: int) -> None:
        if len(self._still_until) + 1 < len(self._processes) and not self._is_idle(name):
            self._still_until[name] = float("inf")
            self._outside.follower.saw(name, Act("dies"))

    def _stand_still(self, name: int) -> None:
        states = self._outside.follower.states
        if all(processes[name].at in MINTING for _, processes in states):
            self._still_until[name] = self._time() + self._chance.uniform(2.3, 3.0)
            self._outside.follower.saw(name, Act("stands still"))

    def _wake(self) -> None:
        for name, until in list(self._still_until.items()):
            if self._time() >= until:
                del self._still_until[name]
                self._outside.follower.saw(name, Act("wakes"))

    def _reject(self, name: int) -> None:
        token = self._processes[name].token
        if token and self._is_idle(name) and token.access_token not in self._outside.bad:
            self._outside.follower.saw(name, Act("is told 401 from now on"))
            self._outside.bad.add(token.access_token)

    def _grow_older(self, _: int) -> None:
        states, now = self._outside.follower.states, self._outside.now
        if now < EXPIRY and not any(is_busy(p) for _, each in states for p in each):
            self._outside.now = self._chance.randrange(now + 1, EXPIRY + 1)
            self._outside.follower.passed(self._outside.now)

    def _call(self) -> bool:
        """Have somebody who needs a token ask for one."""
        for name, process in enumerate(self._processes):
            token, outside = process.token, self._outside
            needs = (
                process.since < outside.now
                if token is None
                else token.access_token in outside.bad or token.remaining(outside.wall()) <= 0
            )
            if needs and self._is_idle(name) and not process.is_saving:
                process.call = asyncio.create_task(process.get())
                return True
        return False

    def _is_idle(self, name: int) -> bool:
        return self._processes[name].call in self._told and name not in self._still_until

    def _tell_ends(self) -> None:
        for name, process in enumerate(self._processes):
            if process.call.done() and process.call not in self._told:
                process.call.result()
                self._told.add(process.call)
                if name not in self._still_until:
                    value = process.token.access_token if process.token else None
                    at = "done" if value else "refused"
                    self._outside.follower.ended(name, at, value)

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()
