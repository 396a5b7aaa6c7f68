"""What one process cannot do for itself is no reason for the others to wait."""

from __future__ import annotations

import pytest

from managing import credentials, manager, passing, server_of
from mintonce import BudgetExhausted, MemoryStore, TokenManager, TokenRequestError
from mintonce.budget import Budget
from mintonce.testing import ManualClock

pytestmark = pytest.mark.asyncio


def broken() -> str:
    """Fail as a vault does that this process may not ask."""
    raise PermissionError


async def test_a_secret_that_one_process_cannot_read() -> None:
    """The server was not asked, so nothing is known of it: the others ask at once."""
    clock, store = ManualClock(), MemoryStore()
    async with server_of() as server:
        ill = TokenManager(credentials(server, client_secret=broken), store=store, clock=clock)
        for _ in range(5):
            async with passing(clock):
                with pytest.raises(TokenRequestError, match="client_secret function failed"):
                    await ill.get()
            clock.advance(10)
        well = manager(server, store=store, clock=clock)
        token = await well.get()
        assert token == await ill.get()
        assert 1 == server.requests
        assert ["minted"] == [mint.outcome for mint in (await well.status()).mints]


async def test_it_is_tried_ever_more_seldom() -> None:
    """A vault is spared, too."""
    clock, asked = ManualClock(), list[float]()

    def note() -> str:
        asked.append(clock.steady())
        return broken()

    async with server_of() as server:
        tokens = TokenManager(credentials(server, client_secret=note), clock=clock)
        for _ in range(60):
            async with passing(clock):
                with pytest.raises(TokenRequestError, match="client_secret function failed"):
                    await tokens.get()
            clock.advance(5)
    # In five minutes, of pauses up to half a minute.
    assert 5 < len(asked) < 25


async def test_a_budget_is_left_alone() -> None:
    """Nothing was sent, so nothing counts."""
    clock, store = ManualClock(), MemoryStore()
    async with server_of() as server:
        budget = Budget(1, per="day")
        ill = TokenManager(
            credentials(server, client_secret=broken), store=store, budget=budget, clock=clock
        )
        async with passing(clock):
            with pytest.raises(TokenRequestError):
                await ill.get()
        well = manager(server, store=store, budget=budget, clock=clock)
        await well.invalidate(await well.get())
        with pytest.raises(BudgetExhausted):
            await well.get()
