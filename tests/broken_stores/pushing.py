"""A store that pushes, and the mistakes that can be made in that."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from mintonce.stores import MemoryStore


@dataclass
class Shared:
    """What stands for the server: the data, and those who wait for a change."""

    values: dict[str, bytes] = field(default_factory=dict)
    waiting: list[asyncio.Event] = field(default_factory=list)


class CorrectPushingStore(MemoryStore):
    """Wakes all who wait for anything at each swap: too early at times, and never too late."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared.values)
        self._shared = shared

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Swap, and wake those who wait."""
        done = await super().swap(key, old, new, ttl=ttl)
        self._wake(new)
        return done

    async def changed(self, key: str, seen: bytes | None, timeout: float) -> None:
        """Wait until something was swapped, or `timeout` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._wait(key, seen)

    def _wake(self, new: bytes | None) -> None:  # noqa: ARG002 - the broken ones look at it
        for event in self._shared.waiting:
            event.set()

    async def _wait(self, key: str, seen: bytes | None) -> None:
        event = asyncio.Event()
        self._shared.waiting.append(event)
        try:
            if await self.read(key) == seen:
                await event.wait()
        finally:
            self._shared.waiting.remove(event)


class NeverWakes(CorrectPushingStore):
    """Lets everybody wait for as long as they would."""

    def _wake(self, new: bytes | None) -> None:
        pass


class WakesOne(CorrectPushingStore):
    """Wakes only the one who has waited longest."""

    def _wake(self, new: bytes | None) -> None:  # noqa: ARG002 - the mistake is elsewhere
        for event in self._shared.waiting[:1]:
            event.set()


class DoesNotTellOfDeletes(CorrectPushingStore):
    """Wakes nobody when a value is gone."""

    def _wake(self, new: bytes | None) -> None:
        if new is not None:
            super()._wake(new)


class MissesWhatWasBefore(CorrectPushingStore):
    """Waits for the next change, although the one that matters is over."""

    async def _wait(self, key: str, seen: bytes | None) -> None:  # noqa: ARG002 - the mistake
        await super()._wait(key, await self.read(key))


class LooksBeforeItListens(CorrectPushingStore):
    """Finds that nothing has changed, and only then asks to be told."""

    async def _wait(self, key: str, seen: bytes | None) -> None:
        if await self.read(key) == seen:
            await asyncio.sleep(0)  # a subscription takes its time
            event = asyncio.Event()
            self._shared.waiting.append(event)
            await event.wait()


class RaisesInTheEnd(CorrectPushingStore):
    """Treats a time limit that was asked for as an error."""

    async def changed(self, key: str, seen: bytes | None, timeout: float) -> None:
        """Wait until something was swapped, or fail."""
        async with asyncio.timeout(timeout):
            await self._wait(key, seen)


class TakesAllAlong(CorrectPushingStore):
    """Forgets all who wait when one of them leaves."""

    async def _wait(self, key: str, seen: bytes | None) -> None:
        try:
            await super()._wait(key, seen)
        except asyncio.CancelledError:
            self._shared.waiting[:] = [asyncio.Event() for _ in self._shared.waiting]
            raise
