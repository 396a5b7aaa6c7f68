"""Mistakes that a single caller can meet: in conditions, answers, values and keys."""

from __future__ import annotations

from typing import cast

from broken_stores.correct import CorrectStore


class IgnoresOld(CorrectStore):
    """Puts the new value there whatever was there."""

    def _agrees(self, key: str, old: bytes | None) -> bool:  # noqa: ARG002 - the mistake
        return True


class CreateOverwrites(CorrectStore):
    """Takes None for "whatever is there"."""

    def _agrees(self, key: str, old: bytes | None) -> bool:
        return old is None or super()._agrees(key, old)


class ReplaceCreates(CorrectStore):
    """Takes absence for agreement."""

    def _agrees(self, key: str, old: bytes | None) -> bool:
        return self._get(key) is None or super()._agrees(key, old)


class ComparesPrefixes(CorrectStore):
    """Compares as many bytes as the caller named."""

    def _agrees(self, key: str, old: bytes | None) -> bool:
        return super()._agrees(key, old) or bool(old and (self._get(key) or b"").startswith(old))


class ComparesTheBeginning(CorrectStore):
    """Compares no more than its column takes."""

    def _agrees(self, key: str, old: bytes | None) -> bool:
        there = self._get(key)
        return (there and there[:8192]) == (old and old[:8192])


class IgnoresBlanks(CorrectStore):
    """Compares as SQL does in some types: blanks at the end do not count."""

    def _agrees(self, key: str, old: bytes | None) -> bool:
        there = self._get(key)
        return (there and there.rstrip(b" ")) == (old and old.rstrip(b" "))


class RefusesItsOwnValue(CorrectStore):
    """Counts a row only if it really changed, as some databases do."""

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        return await super()._swap(key, old, new, ttl) and old != new


class AcceptsEarlierValues(CorrectStore):
    """Takes any value that was ever there for the present one."""

    def _agrees(self, key: str, old: bytes | None) -> bool:
        return super()._agrees(key, old) or f"{key}:{old!r}" in self.shared.marks

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        self.shared.marks.add(f"{key}:{self._get(key)!r}")
        super()._put(key, new, ttl)


class NeverTheSameAgain(CorrectStore):
    """Takes a value that returned for one that is out of date."""

    def _agrees(self, key: str, old: bytes | None) -> bool:
        return super()._agrees(key, old) and f"{key}:{old!r}" not in self.shared.marks

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        if (old := self._get(key)) is not None:
            self.shared.marks.add(f"{key}:{old!r}")
        super()._put(key, new, ttl)


class AlwaysTrue(CorrectStore):
    """Swaps correctly, and says in any case that it was done."""

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        await super()._swap(key, old, new, ttl)
        return True


class AlwaysFalse(CorrectStore):
    """Swaps correctly, and says in any case that it was not done."""

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        await super()._swap(key, old, new, ttl)
        return False


class RefusesButWrites(CorrectStore):
    """Says rightly that something else was there, when it no longer is."""

    def _agrees(self, key: str, old: bytes | None) -> bool:
        agreed = super()._agrees(key, old)
        self._put(key, b"too late", 0)
        return agreed


class AnswersNumbers(CorrectStore):
    """Hands on what its driver said: 1 or 0 rows."""

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        return cast("bool", int(await super()._swap(key, old, new, ttl)))


class AnswersBytearrays(CorrectStore):
    """Reads into a buffer, and hands out the buffer."""

    async def _read(self, key: str) -> bytes | None:
        value = await super()._read(key)
        return None if value is None else cast("bytes", bytearray(value))


class TakesEmptyForAbsent(CorrectStore):
    """Asks whether a value is true, where it should compare it with None."""

    def _get(self, key: str) -> bytes | None:
        return super()._get(key) or None


class StripsValues(CorrectStore):
    """Strips blanks and line ends off the values."""

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        super()._put(key, new and new.strip(), ttl)


class DecodesValues(CorrectStore):
    """Keeps values as text."""

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        super()._put(key, new and new.decode(errors="replace").encode(), ttl)


class CutsValues(CorrectStore):
    """Keeps at most 100 kB of a value, as some columns do."""

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        super()._put(key, new and new[:100_000], ttl)


class CutsKeys(CorrectStore):
    """Keeps 64 characters of a key."""

    async def _read(self, key: str) -> bytes | None:
        return await super()._read(key[:64])

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        return await super()._swap(key[:64], old, new, ttl)


class TidiesKeys(CorrectStore):
    """Drops zeros in front of a key and hyphens behind it."""

    async def _read(self, key: str) -> bytes | None:
        return await super()._read(key.lstrip("0").rstrip("-"))

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        return await super()._swap(key.lstrip("0").rstrip("-"), old, new, ttl)


class Haunted(CorrectStore):
    """Takes a key that nobody has used for an empty value."""

    def _get(self, key: str) -> bytes | None:
        return super()._get(key) if key in self.shared.expiries else b""


class DeletesNothing(CorrectStore):
    """Says that it was deleted."""

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        if new is not None:
            super()._put(key, new, ttl)


class DeletesByPrefix(CorrectStore):
    """Deletes with a pattern."""

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        super()._put(key, new, ttl)
        for other in list(self.shared.values):
            if new is None and other.startswith(key):
                del self.shared.values[other]


class DeletesForEver(CorrectStore):
    """Leaves a gravestone where a value was, and nothing can be created there again."""

    def _agrees(self, key: str, old: bytes | None) -> bool:
        return super()._agrees(key, old) and key not in self.shared.marks

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        super()._put(key, new, ttl)
        if new is None:
            self.shared.marks.add(key)
