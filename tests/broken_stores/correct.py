"""A store that keeps the contract, taken apart so that each part can be broken on its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Shared:
    """What stands for the server: the data, and what some mistakes need beside them."""

    values: dict[str, bytes] = field(default_factory=dict)
    expiries: dict[str, float] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)
    handles: int = 0
    writes: Counter[str] = field(default_factory=Counter)


class CorrectStore:
    """What all the others should be. Each call waits a turn, as if there were a network."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        shared.handles += 1

    async def read(self, key: str) -> bytes | None:
        """Read what is there."""
        return await self._read(key)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Swap on the condition that `old` is there."""
        return await self._swap(key, old, new, ttl)

    def close(self) -> None:
        """Close this handle."""
        self.shared.handles -= 1

    async def _read(self, key: str) -> bytes | None:
        await asyncio.sleep(0)
        return self._get(key)

    async def _swap(self, key: str, old: bytes | None, new: bytes | None, ttl: float) -> bool:
        await asyncio.sleep(0)
        if not self._agrees(key, old):
            return False
        self._put(key, new, ttl)
        return True

    def _agrees(self, key: str, old: bytes | None) -> bool:
        return self._get(key) == old

    def _get(self, key: str) -> bytes | None:
        return self.shared.values.get(key)

    def _put(self, key: str, new: bytes | None, ttl: float) -> None:
        self.shared.expiries[key] = ttl
        if new is None:
            self.shared.values.pop(key, None)
        else:
            self.shared.values[key] = new
