"""Mistakes with lifetimes: their unit, their range, and what becomes of a value afterwards."""

from __future__ import annotations

import time

from broken_stores.correct import CorrectStore
from mintonce.errors import StoreError


class WantsWholeSeconds(CorrectStore):
    """Wants lifetimes as its server does: whole, positive, in 32 bits of milliseconds."""

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        if not 0 < int(ttl) * 1_000 < 1 << 32:
            raise StoreError("ERR invalid expire time")
        super()._put(key, new, ttl)


class KeepsTheFirstExpiry(CorrectStore):
    """Lets a value expire when its predecessor would have."""

    def _get(self, key: str) -> bytes | None:
        if self.shared.expiries.get(key, time.monotonic()) < time.monotonic():
            self.shared.values.pop(key, None)
        return super()._get(key)

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        first = self.shared.expiries.get(key, time.monotonic() + ttl)
        super()._put(key, new, ttl)
        self.shared.expiries[key] = first


class TakesSecondsForMilliseconds(KeepsTheFirstExpiry):
    """Tells its server the lifetime in the wrong unit."""

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        self.shared.expiries.pop(key, None)
        super()._put(key, new, ttl / 1000)


class ExpiredInTheWay(CorrectStore):
    """Shows an expired value to nobody, and lets nobody put another in its place."""

    async def _read(self, key: str) -> bytes | None:
        value = await super()._read(key)
        return value if self.shared.expiries.get(key, 1.0) > 0.01 else None


class GarblesTheExpired(CorrectStore):
    """Hands out what has replaced a worthless value in memory."""

    async def _read(self, key: str) -> bytes | None:
        value = await super()._read(key)
        return value if self.shared.expiries.get(key, 1.0) > 0.01 else b"somebody else's"
