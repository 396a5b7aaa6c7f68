"""Many managers that count in one ledger: one write for all, and not too many requests at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from flying import steps
from making import NOW, make_mint
from managing import Tenants, eventually
from mintonce import (
    Budget,
    BudgetExhausted,
    MemoryStore,
    StoreError,
    TokenManager,
    TokenRequestError,
)
from mintonce.cell import Cell
from mintonce.ledger import Ledger
from mintonce.spending import LAST, reserve, settle
from mintonce.together import AT_ONCE, update

MANY = 100
KEY = Tenants.ledger_key


class Distant(MemoryStore):
    """A store that takes a while, so that others come in between.

    Attributes:
        writes: How often the ledger was written, or an attempt was made at it.
        waiting: How many of them wait.
        open: While this is not set, they do.

    """

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.waiting = 0
        self.open = asyncio.Event()
        self.open.set()

    async def read(self, key: str) -> bytes | None:
        """Read, later."""
        await asyncio.sleep(0)
        return await super().read(key)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Swap, later."""
        if key == KEY:
            self.writes += 1
            self.waiting += 1
            await self.open.wait()
            self.waiting -= 1
        await asyncio.sleep(0)
        return await super().swap(key, old, new, ttl=ttl)


def ledger_in(store: MemoryStore) -> Cell[Ledger]:
    """Where they count."""
    return Cell(store, KEY, Ledger, writer="w", ttl=lambda _: 60.0, precious=True)


async def all_served(tokens: TokenManager) -> list[BaseException]:
    """Have many get their tokens at once, and return what went wrong."""
    getting = (tokens.for_(tenant=number).get() for number in range(MANY))
    ends = await asyncio.gather(*getting, return_exceptions=True)
    return [end for end in ends if isinstance(end, BaseException)]


@pytest.mark.asyncio
async def test_many_mints_are_few_writes() -> None:
    """Each for itself, they would make thousands of attempts, and lose nearly all of them."""
    store = Distant()
    async with TokenManager(Tenants(), store=store, budget=Budget(MANY, per="day")) as tokens:
        assert [] == await all_served(tokens)
        assert MANY == (await tokens.status()).budgets[0].used
    assert store.writes < MANY


@pytest.mark.asyncio
async def test_also_where_each_manager_was_made_by_itself() -> None:
    """One store object is enough."""
    store, tenants = Distant(), Tenants()
    managers = [TokenManager(tenants.for_(tenant=number), store=store) for number in range(MANY)]
    await asyncio.gather(*(tokens.get() for tokens in managers))
    assert store.writes < MANY
    await asyncio.gather(*(tokens.aclose() for tokens in managers))


@pytest.mark.asyncio
async def test_who_finds_the_budget_spent_spoils_nothing_for_others() -> None:
    """As many as are allowed get their tokens, and all others are told."""
    allowed, store = MANY // 3, Distant()
    async with TokenManager(Tenants(), store=store, budget=Budget(allowed, per="day")) as tokens:
        errors = await all_served(tokens)
        assert {BudgetExhausted} == set(map(type, errors))
        assert MANY - allowed == len(errors)
        assert allowed == (await tokens.status()).budgets[0].used


@pytest.mark.asyncio
async def test_what_was_refused_is_given_back() -> None:
    """All of it, however many requests there were meanwhile."""

    class Refused(Tenants):
        async def mint(self) -> Mapping[str, Any]:
            await asyncio.sleep(0)
            raise TokenRequestError("no", permanent=True)

    tenants = Tenants()
    tenants.made.update({number: Refused(number) for number in range(MANY)})
    async with TokenManager(tenants, store=Distant(), budget=Budget(MANY, per="day")) as tokens:
        errors = await all_served(tokens)
        assert MANY == len(errors)
        assert 0 == (await tokens.status()).budgets[0].used


def test_a_request_under_way_is_remembered_until_it_ends() -> None:
    """Even if more follow than are remembered one by one; those that have ended are not."""
    first, *others = (make_mint(number, at=NOW) for number in range(2 * LAST))
    ledger = Ledger()
    for mint in (first, *others):
        ledger = reserve(ledger, (), mint) or ledger
        if mint is not first:
            ledger = settle(ledger, mint.id, "minted") or ledger
    assert [first.id] == [mint.id for mint in ledger.mints if mint.outcome == "sent"]
    assert LAST + 1 == len(ledger.mints)
    settled = settle(ledger, first.id, "refused")
    assert settled
    assert 2 * LAST - 1 == sum(number for _, number in settled.counts)


def test_a_request_that_must_have_ended_is_forgotten() -> None:
    """Its process died, or nobody could write down what became of it."""
    ledger = Ledger()
    for number in range(2 * LAST):
        ledger = reserve(ledger, (), make_mint(number, at=NOW + 2 * number)) or ledger
    assert LAST == len(ledger.mints)


@pytest.mark.asyncio
async def test_not_too_many_requests_at_once() -> None:
    """A thousand leases are more than a store can keep alive, and than a server likes."""
    under_way, answer = 0, asyncio.Event()

    class Counted(Tenants):
        async def mint(self) -> Mapping[str, Any]:
            nonlocal under_way
            under_way += 1
            await answer.wait()
            under_way -= 1
            return await super().mint()

    tenants = Tenants()
    tenants.made.update({number: Counted(number) for number in range(MANY)})
    async with TokenManager(tenants, store=Distant()) as tokens:
        serving = asyncio.create_task(all_served(tokens))
        await eventually(lambda: under_way == AT_ONCE)
        await steps(100)
        assert AT_ONCE == under_way
        answer.set()
        assert [] == await serving


@pytest.mark.asyncio
async def test_whoever_writes_for_all_may_be_cancelled() -> None:
    """The others are served by the next one."""
    store = Distant()
    cell = ledger_in(store)
    store.open.clear()
    writing, *others = (
        asyncio.create_task(update(cell, partial(reserve, budgets=(), mint=make_mint(number))))
        for number in range(3)
    )
    await eventually(lambda: store.waiting)
    writing.cancel()
    store.open.set()
    await asyncio.wait([writing, *others])
    assert writing.cancelled()
    assert 2 == len((await others[0]).value.mints)


@pytest.mark.asyncio
async def test_whoever_waits_may_leave() -> None:
    """What it wanted is not done."""
    store = Distant()
    cell = ledger_in(store)
    store.open.clear()
    writing, leaving = (
        asyncio.create_task(update(cell, partial(reserve, budgets=(), mint=make_mint(number))))
        for number in range(2)
    )
    await eventually(lambda: store.waiting)
    leaving.cancel()
    store.open.set()
    await asyncio.wait([writing, leaving])
    assert 1 == len((await ledger_in(store).read()).value.mints)


@pytest.mark.asyncio
async def test_a_store_that_fails_fails_for_all() -> None:
    """Each gets an error of its own."""

    class Away(MemoryStore):
        async def read(self, key: str) -> bytes | None:
            raise StoreError(key)

    cell = ledger_in(Away())
    wishes = (update(cell, lambda books: books) for _ in range(3))
    errors = await asyncio.gather(*wishes, return_exceptions=True)
    assert [StoreError] * 3 == list(map(type, errors))
    assert 3 == len(set(map(id, errors)))
