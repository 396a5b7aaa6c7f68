"""The contract, fourth part: ``ttl`` is a hint that a store may use, and cannot get wrong."""

from __future__ import annotations

import asyncio
import time

from mintonce.stores.protocol import TokenStore
from mintonce.testing.contract_checks import PATIENCE, TTL, Contract, check, fresh_key, same

SHORT = 0.05
ENOUGH = 30.0  # seconds; taken for milliseconds they are over before SHORT is
LONG = 400 * 86_400.0


class TimeChecks(Contract):
    """What becomes of values whose time is up, and of those whose time is not."""

    @check
    async def test_any_lifetime_is_possible(self, one: TokenStore, two: TokenStore) -> None:
        """Lifetimes are floats, and may be longer than a year (of milliseconds: over 32 bits)."""
        for ttl in (LONG, LONG + 1 / 3, TTL - 1e-6):
            key = fresh_key()
            same(True, await one.swap(key, None, b"value", ttl=ttl), f"create with ttl={ttl}")
            same(True, await two.swap(key, b"value", b"new", ttl=ttl), f"replace with ttl={ttl}")
            same(b"new", await one.read(key), f"the value with ttl={ttl}")

    @check
    async def test_worthless_values_are_there_or_gone(
        self, one: TokenStore, two: TokenStore
    ) -> None:
        """A lifetime of next to nothing is no error, and what is read is the value or nothing."""
        for ttl in (0.0, 0.000_4, 0.001, 0.9):
            key = fresh_key()
            same(True, await one.swap(key, None, b"value", ttl=ttl), f"swap with ttl={ttl}")
            if await two.read(key) not in (b"value", None):
                raise AssertionError(f"with ttl={ttl}, something was read that nobody wrote")

    @check
    async def test_worthless_values_are_in_nobodys_way(
        self, one: TokenStore, two: TokenStore
    ) -> None:
        """Who reads and then swaps what was read gets through, also while a value expires."""
        key = fresh_key()
        for number in range(10):
            await _put(one if number % 2 else two, key, b"%d" % number, ttl=0.001)
        await _put(two, key, b"last", ttl=TTL)
        same(b"last", await one.read(key), "the value")

    @check
    async def test_the_last_lifetime_counts(self, one: TokenStore, two: TokenStore) -> None:
        """A value that replaced a short-lived one lives as long as its own swap said: seconds."""
        key = fresh_key()
        await _put(one, key, b"short", ttl=SHORT)
        await _put(two, key, b"long", ttl=ENOUGH)
        over = time.monotonic() + 3 * SHORT
        while time.monotonic() < over:
            same(b"long", await one.read(key), "the value, while its predecessor would expire")
            await asyncio.sleep(0)


async def _put(store: TokenStore, key: str, value: bytes, *, ttl: float) -> None:
    for _ in range(PATIENCE):
        if await store.swap(key, await store.read(key), value, ttl=ttl):
            return
    raise AssertionError("what was read cannot be replaced")
