"""G4 kept: what was minted is stored before it is handed out, and survives all who asked for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from managing import Handmade, eventually, manager, server_of
from mintonce import (
    Budget,
    FileStore,
    MemoryStore,
    Token,
    TokenManager,
    TokenRequestError,
    TokenStore,
    UsageError,
)
from mintonce.testing import Fault

pytestmark = pytest.mark.asyncio

STEPS = range(40)
"""More turns of the event loop than a mint from a source in memory takes."""


class SlowWrites:
    """A store whose writes wait for the test, once it wants them to."""

    def __init__(self) -> None:
        self.inner = MemoryStore()
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = 0

    async def read(self, key: str) -> bytes | None:
        """Read at once."""
        return await self.inner.read(key)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Write records when the test lets it, and the ledger at once."""
        if key.startswith("token"):
            self.waiting += 1
            await self.open.wait()
            self.waiting -= 1
        return await self.inner.swap(key, old, new, ttl=ttl)


async def stored(source: Handmade, store: TokenStore) -> Token:
    """What a manager finds that comes later and may not mint: it would wait for ever."""
    source.open.clear()
    async with asyncio.timeout(5):
        return await TokenManager(source, store=store).get()


async def test_the_first_caller_is_cancelled_in_mid_mint() -> None:
    """The others get the token that it asked for."""
    async with server_of() as server, manager(server) as tokens:
        server.fail(Fault.latency(0.2))
        first, *others = [asyncio.create_task(tokens.get()) for _ in range(10)]
        await server.arrived(1)
        first.cancel()
        assert 1 == len(set(await asyncio.gather(*others)))
        assert first.cancelled()
        assert 1 == server.requests


async def test_all_callers_are_cancelled_in_mid_mint(tmp_path: Path) -> None:
    """The token is in the store for whoever comes next, in any process."""
    store, budget = FileStore(tmp_path / "tokens"), Budget(1000, per="month")
    async with server_of() as server, manager(server, store=store, budget=budget) as tokens:
        server.fail(Fault.latency(0.2))
        callers = [asyncio.create_task(tokens.get()) for _ in range(10)]
        await server.arrived(1)
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)
        assert all(caller.cancelled() for caller in callers)
        await eventually(lambda: tokens.stats.minted)
        assert await tokens.get() == await manager(server, store=store).get()
        assert 1 == server.requests
        assert ["minted"] == [mint.outcome for mint in (await tokens.status()).mints]


@pytest.mark.parametrize("step", STEPS)
async def test_cancelled_at_any_step(step: int) -> None:
    """Wherever the mint is when its only caller leaves, it is finished and stored."""
    source, store = Handmade(), MemoryStore()
    begun: list[bool] = []

    async def call(tokens: TokenManager) -> None:
        begun.append(True)
        await tokens.get()

    async with TokenManager(source, store=store, budget=Budget(10, per="day")) as tokens:
        caller = asyncio.create_task(call(tokens))
        for _ in range(step):
            await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait([caller])
    # Cancelled before its first step, it has asked for nothing.
    assert len(begun) == source.requests
    if begun:
        await stored(source, store)


async def test_a_mint_takes_fewer_steps() -> None:
    """The test above tries all of them: this many steps are enough to the end."""
    async with TokenManager(Handmade()) as tokens:
        caller = asyncio.create_task(tokens.get())
        for _ in STEPS:
            await asyncio.sleep(0)
        assert caller.done()


async def test_a_caller_that_ran_out_of_time_finds_the_same_mint() -> None:
    """Its next try joins what is under way."""
    async with server_of() as server, manager(server) as tokens:
        server.fail(Fault.latency(0.3))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await tokens.get()
        await tokens.get()
        assert 1 == server.requests


async def test_closing_waits_for_the_mint(tmp_path: Path) -> None:
    """Its token is in the store, and those who wait get it; later calls are refused."""
    store = FileStore(tmp_path / "tokens")
    async with server_of() as server:
        server.fail(Fault.latency(0.2))
        tokens = manager(server, store=store)
        waiting, leaving = (asyncio.create_task(tokens.get()) for _ in range(2))
        await server.arrived(1)
        leaving.cancel()
        await tokens.aclose()
        assert 1 == tokens.stats.minted
        assert await waiting == await manager(server, store=store).get()
        assert 1 == server.requests
        with pytest.raises(UsageError, match="closed"):
            await tokens.get()
        with pytest.raises(UsageError, match="closed"):
            await tokens.invalidate(await waiting)


@pytest.mark.parametrize("step", STEPS)
async def test_closed_at_any_step(step: int) -> None:
    """A caller that was there before gets its token, wherever the mint is."""
    tokens = TokenManager(Handmade())
    caller = asyncio.create_task(tokens.get())
    await asyncio.sleep(0)
    for _ in range(step):
        await asyncio.sleep(0)
    await tokens.aclose()
    assert 1 == tokens.stats.minted
    assert "handmade-1" == (await caller).access_token


async def test_closing_twice_and_without_use() -> None:
    """Neither is an error, and it stays closed."""
    tokens = TokenManager(Handmade())
    await tokens.aclose()
    await tokens.aclose()
    with pytest.raises(UsageError, match="closed"):
        await tokens.get()


async def test_a_token_is_stored_before_it_is_handed_out() -> None:
    """While the store has not taken it, nobody has it."""
    source, store = Handmade(), SlowWrites()
    source.open.clear()
    tokens = TokenManager(source, store=store)
    caller = asyncio.create_task(tokens.get())
    await eventually(lambda: source.requests)
    store.open.clear()
    source.open.set()
    await eventually(lambda: store.waiting)
    assert not caller.done()
    store.open.set()
    assert await caller == await stored(source, store)
    await tokens.aclose()


async def test_a_lost_answer_is_written_down() -> None:
    """A token may exist that nobody has: it counts, and the next request waits for its turn."""
    async with server_of() as server, manager(server, budget=Budget(10, per="day")) as tokens:
        server.fail(Fault.lose_answer())
        with pytest.raises(TokenRequestError, match="no answer came") as caught:
            await tokens.get()
        status = await tokens.status()
        assert caught.value.may_have_issued
        assert (1, 1) == (server.requests, server.tokens)
        assert [("lost", 1)] == [(mint.outcome, status.budgets[0].used) for mint in status.mints]
