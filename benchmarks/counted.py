"""A store that counts what it is asked."""

from __future__ import annotations

from collections import Counter

from mintonce.stores import PushingStore, TokenStore


class Counted:
    """Hands all on to another store that pushes, and counts it.

    Args:
        store: The other one.

    """

    def __init__(self, store: TokenStore) -> None:
        if not isinstance(store, PushingStore):
            raise TypeError("this is for stores that push")
        self._store = store
        self._pushing: PushingStore = store
        self._counts = Counter[str]()

    async def read(self, key: str) -> bytes | None:
        """Count a read of the record, or of the ledger."""
        self._counts["read"] += 1
        return await self._store.read(key)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Count a write, or an attempt at one."""
        done = await self._store.swap(key, old, new, ttl=ttl)
        self._counts["written" if done else "refused"] += 1
        return done

    async def changed(self, key: str, seen: bytes | None, timeout: float) -> None:
        """Count a wait."""
        self._counts["waited"] += 1
        await self._pushing.changed(key, seen, timeout)

    def since_then(self) -> Counter[str]:
        """What was counted since the last time."""
        counts, self._counts = self._counts, Counter()
        return counts

    async def aclose(self) -> None:
        """Close the other one."""
        await getattr(self._store, "aclose")()  # noqa: B009 - not part of the protocol
