"""One client and ever new tenants: who goes when nobody needs it, and who stays."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import weakref

import pytest

from managing import Handmade, Preparing, Tenants, eventually
from mintonce import Budget, MemoryStore, StoreError, TokenManager, TokenRequestError
from mintonce.testing import ManualClock
from troubled import Troubled

MANY = 200
"""Far more than are kept without a look at what they do."""

SMALL = 4096  # bytes


def alive(tokens: list[weakref.ref[TokenManager]]) -> int:
    """How many of them are still there."""
    gc.collect()
    return sum(each() is not None for each in tokens)


async def served(tokens: TokenManager, tenants: range) -> list[weakref.ref[TokenManager]]:
    """Get a token for each of these tenants, and hold no manager."""
    for tenant in tenants:
        await tokens.for_(tenant=tenant).get()
    return [weakref.ref(tokens.for_(tenant=tenant)) for tenant in tenants]


@pytest.mark.asyncio
async def test_a_tenant_is_small() -> None:
    """What it needed to mint goes with the mint; the ledger is long, and nobody keeps a copy."""
    tenants = Tenants()
    async with TokenManager(tenants, budget=Budget(9 * MANY, per="day")) as tokens:
        await served(tokens, range(MANY))
        for tenant in range(MANY, 2 * MANY):
            tenants.for_(tenant=tenant)
        tracemalloc.start()
        await served(tokens, range(MANY, 2 * MANY))
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert used / MANY < SMALL


@pytest.mark.asyncio
async def test_tenants_that_are_gone_take_no_space() -> None:
    """With ever new ones, those whose tokens are over go, but for those that somebody holds."""
    clock, store = ManualClock(), MemoryStore()
    async with TokenManager(Tenants(lifetime=60), store=store, clock=clock) as tokens:
        held = tokens.for_(tenant="held")
        await held.get()
        first = await served(tokens, range(MANY))
        assert MANY == alive(first)
        clock.advance(61)
        await served(tokens, range(MANY, 3 * MANY))
        assert 0 == alive(first)
        assert held is tokens.for_(tenant="held")


@pytest.mark.asyncio
async def test_a_tenant_with_a_live_token_stays() -> None:
    """Nobody holds the manager, but its token is at hand: the store is not asked again."""
    clock, store = ManualClock(), Troubled()
    async with TokenManager(Tenants(), store=store, clock=clock) as tokens:
        await served(tokens, range(MANY))
        before = [id(tokens.for_(tenant=tenant)) for tenant in range(MANY)]
        await served(tokens, range(MANY, 3 * MANY))
        assert before == [id(tokens.for_(tenant=tenant)) for tenant in range(MANY)]
        assert 0 == tokens.for_(tenant=0).stats.adopted


@pytest.mark.asyncio
async def test_a_tenant_with_a_flight_stays() -> None:
    """Whoever comes for it later joins what is under way."""
    tenants = Tenants(lifetime=60)
    clock = ManualClock()
    async with TokenManager(tenants, clock=clock) as tokens:
        slow = tenants.for_(tenant="slow")
        slow.open.clear()
        caller = asyncio.create_task(tokens.for_(tenant="slow").get())
        await eventually(lambda: slow.requests)
        caller.cancel()
        await asyncio.wait([caller])
        await served(tokens, range(MANY))
        gc.collect()
        assert "get 0" in tokens.for_(tenant="slow")._flights
        slow.open.set()
        await tokens.for_(tenant="slow").get()
        assert 1 == slow.requests


class Full(MemoryStore):
    """A store that takes no token of one source, as long as it is told so."""

    def __init__(self, source: Handmade) -> None:
        super().__init__()
        self.source = source
        self.is_full = True

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Fail once there is a token."""
        if self.is_full and key == self.source.key and self.source.requests:
            raise StoreError("no space")
        return await super().swap(key, old, new, ttl=ttl)


@pytest.mark.asyncio
async def test_a_tenant_with_an_unsaved_token_stays() -> None:
    """It was paid for, is at hand until the store takes it, and is stored when all are closed."""
    tenants = Tenants()
    unsaved = tenants.for_(tenant="unsaved")
    store = Full(unsaved)
    async with TokenManager(tenants, store=store) as tokens:
        token = await tokens.for_(tenant="unsaved").get()
        await served(tokens, range(MANY))
        gc.collect()
        assert token == await tokens.for_(tenant="unsaved").get()
        store.is_full = False
    async with TokenManager(unsaved, store=store) as later:
        assert token == await later.get()
    assert 1 == unsaved.requests


@pytest.mark.asyncio
async def test_a_tenant_that_keeps_to_a_pause_of_its_own_stays() -> None:
    """To forget the pause would be to ask again at once."""
    tenants, unready = Tenants(), Preparing()
    tenants.made["unready"] = unready
    unready.failures, unready.error = 1, TokenRequestError("no such secret", permanent=True)
    async with TokenManager(tenants) as tokens:
        with pytest.raises(TokenRequestError, match="no such secret"):
            await tokens.for_(tenant="unready").get()
        await served(tokens, range(MANY))
        gc.collect()
        with pytest.raises(TokenRequestError, match="no such secret"):
            await tokens.for_(tenant="unready").get()
        assert 0 == unready.requests
