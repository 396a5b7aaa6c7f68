"""Mistakes that show only between callers: two handles, many tasks, closing, cancellation."""

from __future__ import annotations

import asyncio

from broken_stores.correct import CorrectStore, Shared
from mintonce.errors import StoreError


class NotAtomic(CorrectStore):
    """Compares, waits for something, and then sets."""

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        if await self._read(key) != old:
            return False
        await asyncio.sleep(0)
        self._put(key, new, ttl)
        return True


class RefusesOnConflict(CorrectStore):
    """Takes another write at the same time for another value, as who compares versions may."""

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        seen = self.shared.writes[key]
        if await self._read(key) != old or self.shared.writes[key] != seen:
            return False
        self.shared.writes[key] += 1
        self._put(key, new, ttl)
        return True


class KeepsToItself(CorrectStore):
    """Gives each handle data of its own."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(Shared(handles=shared.handles))


class ForgetsOnReopen(CorrectStore):
    """Keeps everything until the last handle is closed."""

    def close(self) -> None:
        """Close this handle, and forget everything if it was the last."""
        super().close()
        if not self.shared.handles:
            self.shared.values.clear()


class ClosesForAll(CorrectStore):
    """Closes the one connection that all handles share."""

    def close(self) -> None:
        """Close this handle, and all the others with it."""
        super().close()
        self.shared.marks.add("closed")
        if not self.shared.handles:
            self.shared.marks.clear()

    def _get(self, key: str) -> bytes | None:
        if "closed" in self.shared.marks:
            raise StoreError("the connection is closed")
        return super()._get(key)


class RemembersWhatItRead(CorrectStore):
    """Asks once, and answers from memory from then on."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._memory: dict[str, bytes | None] = {}

    async def _read(self, key: str) -> bytes | None:
        if key not in self._memory:
            self._memory[key] = await super()._read(key)
        return self._memory[key]

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        super()._put(key, new, ttl)
        self._memory[key] = new


class ComparesWithItsMemory(CorrectStore):
    """Compares with what this handle put there last, if it ever did."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._memory: dict[str, bytes | None] = {}

    def _agrees(self, key: str, old: bytes | None) -> bool:
        return self._memory.get(key, self._get(key)) == old

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        super()._put(key, new, ttl)
        self._memory[key] = new


class RefusesWhileBusy(CorrectStore):
    """Refuses, where it should wait, while anything is written under any key."""

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        if self.shared.marks:
            return False
        self.shared.marks.add(key)
        try:
            return await super()._swap(key, old, new, ttl)
        finally:
            self.shared.marks.clear()


class WritesInPieces(CorrectStore):
    """Writes a value where others read it, piece by piece."""

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        done = await super()._swap(key, old, new, ttl)
        if done and new:
            self._put(key, new[: len(new) // 2], ttl)
            await asyncio.sleep(0)
            self._put(key, new, ttl)
        return done


class RemovesBeforeItWrites(CorrectStore):
    """Removes the old value, waits, and puts the new one there."""

    def _agrees(self, key: str, old: bytes | None) -> bool:
        return super()._agrees(key, old) and key not in self.shared.marks

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        if not await super()._swap(key, old, None, ttl):
            return False
        self.shared.marks.add(key)
        try:
            await asyncio.sleep(0)
        finally:
            self.shared.marks.clear()
        self._put(key, new, ttl)
        return True


class KeepsItsLock(CorrectStore):
    """Keeps its lock when it is cancelled, until somebody deletes it by hand."""

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        if key in self.shared.marks:
            raise StoreError("locked")
        self.shared.marks.add(key)
        done = await super()._swap(key, old, new, ttl)
        self.shared.marks.discard(key)
        return done


class LosesItsConnection(CorrectStore):
    """Is of no use any more after a read was cancelled half way."""

    async def _read(self, key: str) -> bytes | None:
        if "broken" in self.shared.marks:
            raise StoreError("half an answer is still on its way")
        try:
            return await super()._read(key)
        except asyncio.CancelledError:
            self.shared.marks.add("broken")
            raise
