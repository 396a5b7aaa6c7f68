"""The contract of stores that can tell of a change, on top of the contract of all stores."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from mintonce.stores.protocol import PushingStore, TokenStore
from mintonce.testing.contract_checks import (
    TTL,
    Contract,
    check,
    fresh_key,
    must_swap,
    same,
    under_way,
)

LATE = 60.0
"""Seconds to wait for a change that is about to come."""

# Seconds after which a task is most likely waiting. If it is not, it must not miss the change.
_UNDER_WAY = 0.03

_TURNS, _STEPS = 8, 16


class PushingStoreContract(Contract):
    """What a store has to do that has `PushingStore.changed`. Inherit it beside `StoreContract`.

    It may return too early, because callers read again, but not too late.

    Attributes:
        soon: Seconds after which a change should have been noticed, on a busy machine too.

    """

    soon: float = 3.0

    @check
    async def test_a_change_wakes_who_waits(self, one: TokenStore, two: TokenStore) -> None:
        """Somebody who waits for a change returns when it was made through another handle."""
        key = fresh_key()
        await must_swap(one, key, None, b"old")
        await self._woken(two, key, b"old", b"new", writer=one)

    @check
    async def test_a_create_wakes_who_waits(self, one: TokenStore, two: TokenStore) -> None:
        """Somebody who saw nothing returns when something is created."""
        key = fresh_key()
        await self._woken(two, key, None, b"value", writer=one)

    @check
    async def test_a_delete_wakes_who_waits(self, one: TokenStore, two: TokenStore) -> None:
        """Somebody who waits returns when the value is deleted."""
        key = fresh_key()
        await must_swap(one, key, None, b"value")
        await self._woken(two, key, b"value", None, writer=one)

    @check
    async def test_ones_own_change_wakes_too(self, one: TokenStore, two: TokenStore) -> None:
        """It makes no difference through which handle a change was made."""
        key = fresh_key()
        await must_swap(two, key, None, b"old")
        await self._woken(one, key, b"old", b"new", writer=one)

    @check
    async def test_a_change_before_waiting_is_not_missed(
        self, one: TokenStore, two: TokenStore
    ) -> None:
        """Who saw something else than what is there does not wait at all."""
        key = fresh_key()
        await must_swap(one, key, None, b"new")
        for seen in (None, b"old", b""):
            await self._returns("waiting after a change", _pushing(two).changed(key, seen, LATE))

    @check
    async def test_a_change_while_starting_to_wait_is_not_missed(
        self, one: TokenStore, two: TokenStore
    ) -> None:
        """A change at any moment wakes who has called: also one between a look and the waiting."""
        for step in range(_STEPS):
            key = fresh_key()
            async with under_way(_pushing(two).changed(key, None, LATE)) as [waiting]:
                await _pass(step)
                same(True, await one.swap(key, None, b"value", ttl=TTL), "swap")
                await self._returns("waiting for a change", waiting)

    @check
    async def test_a_change_wakes_everybody(self, one: TokenStore, two: TokenStore) -> None:
        """One change is enough for all who wait for it."""
        key = fresh_key()
        calls = (_pushing(store).changed(key, None, LATE) for store in [one, two] * 5)
        async with under_way(*calls) as waiting:
            await asyncio.wait(waiting, timeout=_UNDER_WAY)
            await must_swap(one, key, None, b"value")
            await self._returns("waiting of many", *waiting)

    @check
    async def test_waiting_ends_in_time(self, one: TokenStore, two: TokenStore) -> None:
        """Where nothing changes, waiting ends after its time limit, without an error."""
        key = fresh_key()
        await must_swap(one, key, None, b"value")
        await self._returns("waiting for 50 ms", _pushing(two).changed(key, b"value", 0.05))
        await self._returns("waiting for no time", _pushing(two).changed(key, b"value", 0.0))

    @check
    async def test_a_cancelled_wait_harms_nobody(self, one: TokenStore, two: TokenStore) -> None:
        """Who stops waiting takes nothing away from those who go on."""
        key = fresh_key()
        calls = (_pushing(two).changed(key, None, LATE) for _ in range(2))
        async with under_way(*calls) as [stays, leaves]:
            await asyncio.wait([leaves], timeout=_UNDER_WAY)
            leaves.cancel()
            await asyncio.wait([leaves])
            same(True, await one.swap(key, None, b"value", ttl=TTL), "swap")
            await self._returns("waiting of the one who stayed", stays)

    async def _woken(
        self,
        store: TokenStore,
        key: str,
        old: bytes | None,
        new: bytes | None,
        *,
        writer: TokenStore,
    ) -> None:
        async with under_way(_pushing(store).changed(key, old, LATE)) as [waiting]:
            await asyncio.wait([waiting], timeout=_UNDER_WAY)
            await must_swap(writer, key, old, new)
            await self._returns("waiting for a change", waiting)

    async def _returns(self, what: str, *calls: Awaitable[None]) -> None:
        # Tasks of their own, so that a TimeoutError from the store is not taken for ours.
        done, late = await asyncio.wait(map(asyncio.ensure_future, calls), timeout=self.soon)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if late:
            raise AssertionError(f"{what} did not end within {self.soon:g} s")
        await asyncio.gather(*done)


async def _pass(step: int) -> None:
    # The first steps are turns of the event loop, the later ones reach into a subscription.
    for _ in range(min(step, _TURNS)):
        await asyncio.sleep(0)
    if step > _TURNS:
        await asyncio.sleep((step - _TURNS) / 2_000)


def _pushing(store: TokenStore) -> PushingStore:
    if not isinstance(store, PushingStore):
        raise AssertionError(f"{type(store).__name__} has no method `changed`")  # noqa: TRY004 - as all that the contract finds
    return store
