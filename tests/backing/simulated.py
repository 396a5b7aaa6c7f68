"""Simulated fleets whose store is a real one: time is made up, and the swaps are the server's."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from secrets import token_hex

from anyio.from_thread import BlockingPortal, start_blocking_portal

from backing.opening import opened
from mintonce.stores import TokenStore
from simulation.run import simulate

TTL = 3600.0  # seconds of real time: longer than any run takes


class Behind:
    """Values in a real store, under keys of their own."""

    def __init__(self, portal: BlockingPortal, store: TokenStore) -> None:
        self._portal = portal
        self._store = store
        self._prefix = f"{token_hex(4)}-"

    def get(self, key: str) -> bytes | None:
        """What is there, if anything is."""
        return self._portal.call(self._store.read, self._prefix + key)

    def swap(self, key: str, old: bytes | None, new: bytes | None) -> bool:
        """Compare, and swap."""
        swap = partial(self._store.swap, ttl=TTL)
        return self._portal.call(swap, self._prefix + key, old, new)


def broken_promises(url: str, seeds: Iterable[int]) -> list[str]:
    """Run fleets over the store with this URL, and return what the judge has to say."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(opened(url)) as store,
    ):
        return [
            f"seed {seed}: {violation}"
            for seed in seeds
            for violation in simulate(seed, values=Behind(portal, store)).violations
        ]
