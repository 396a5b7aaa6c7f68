"""The store of a simulated fleet, and the lines to it, over which messages are late or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from mintonce import StoreUnavailable

if TYPE_CHECKING:
    from simulation.process import Process
    from simulation.run import Run

T = TypeVar("T")


class Values(Protocol):
    """What a store keeps."""

    def get(self, key: str) -> bytes | None:
        """What is there, if anything is."""
        ...

    def swap(self, key: str, old: bytes | None, new: bytes | None) -> bool:
        """Compare, and swap."""
        ...


class Kept:
    """Values in this process."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """What is there, if anything is."""
        return self._values.get(key)

    def swap(self, key: str, old: bytes | None, new: bytes | None) -> bool:
        """Compare, and swap."""
        if self._values.get(key) != old:
            return False
        if new is None:
            self._values.pop(key, None)
        else:
            self._values[key] = new
        return True


class Store:
    """The store, which does one thing after another.

    Attributes:
        values: What is kept.

    """

    def __init__(self, run: Run, values: Values) -> None:
        self.values = values
        self._run = run
        self._watchers: list[tuple[str, bytes | None, asyncio.Future[None]]] = []

    def swap(self, process: Process, key: str, old: bytes | None, new: bytes | None) -> bool:
        """Compare, and swap."""
        if not self.values.swap(key, old, new):
            return False
        self._run.judge.wrote(process, key, old, new)
        watchers, self._watchers = self._watchers, []
        for key_, seen, woken in watchers:
            self.watch(key_, seen, woken)
        return True

    def watch(self, key: str, seen: bytes | None, woken: asyncio.Future[None]) -> None:
        """Wake somebody when the value is no longer what was seen."""
        if woken.done():
            return
        if self.values.get(key) != seen:
            woken.set_result(None)
        else:
            self._watchers.append((key, seen, woken))


class Line:
    """The way of one process to the store."""

    def __init__(self, run: Run, process: Process) -> None:
        self._run = run
        self._process = process
        self._store = run.store

    async def read(self, key: str) -> bytes | None:
        """Read from the store."""
        return await self._ask(lambda: self._store.values.get(key))

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:  # noqa: ARG002 - a hint
        """Have the store swap."""
        return await self._ask(lambda: self._store.swap(self._process, key, old, new))

    async def _ask(self, effect: Callable[[], T]) -> T:
        run, process = self._run, self._process
        await process.meets_its_fate()
        reply: asyncio.Future[T] = process.loop.create_future()
        if process.is_cut or run.fails(run.world.store_fails):
            process.has_trouble()
            run.later(run.delay() / 2, self._fail, reply)
        else:
            run.later(self._delay(), self._arrive, effect, reply)
        return await reply

    def _delay(self) -> float:
        run = self._run
        if run.fails(run.world.store_slow):
            self._process.has_trouble()
            return run.chance.uniform(0.0, 8.0)
        return run.delay() / 2

    def _arrive(self, effect: Callable[[], T], reply: asyncio.Future[T]) -> None:
        run = self._run
        if run.store_is_down:
            self._process.has_trouble()
            run.later(run.delay() / 2, self._fail, reply)
            return
        answer = effect()
        self._process.meets()
        if not run.fails(run.world.store_loses):
            run.later(self._delay(), _deliver, reply, answer)
            return
        self._process.has_trouble()
        if run.chance.random() < 0.7:  # otherwise nothing comes at all
            run.later(self._delay(), self._fail, reply)

    def _fail(self, reply: asyncio.Future[T]) -> None:
        if not reply.done():
            reply.set_exception(StoreUnavailable("a bad line"))


class PushedLine(Line):
    """The same, to a store that tells of changes."""

    async def changed(self, key: str, seen: bytes | None, timeout: float) -> None:
        """Wait for the store to tell of a change; some of what it tells is lost."""
        woken: asyncio.Future[None] = self._process.loop.create_future()
        self._run.later(timeout, _deliver, woken, None)
        if not self._process.is_cut and not self._run.fails(self._run.world.store_loses):
            self._store.watch(key, seen, woken)
        await woken


def _deliver(reply: asyncio.Future[T], answer: T) -> None:
    if not reply.done():
        reply.set_result(answer)
