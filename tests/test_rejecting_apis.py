"""G6 one per rejection: APIs that reject every token, or one token every day."""

from __future__ import annotations

from contextlib import suppress

import pytest

from managing import Handmade, manager, reject, server_of, use
from mintonce import MemoryStore, StoreUnavailable, TokenManager, TokenRejected
from mintonce.events import Event, RenewalFailed
from mintonce.testing import ManualClock

pytestmark = pytest.mark.asyncio


async def test_an_api_that_rejects_every_token() -> None:
    """After the second one in a row there is an error at once, and mints become rare."""
    clock, source = ManualClock(), Handmade()
    async with TokenManager(source, clock=clock) as tokens:
        await reject(tokens)
        await reject(tokens)
        for _ in range(3):
            with pytest.raises(TokenRejected, match="check audience, scope and issuer") as caught:
                await tokens.get()
            assert caught.value.retry_at
        assert 2 == source.requests
        for _ in range(24 * 60):
            clock.advance(60)
            with suppress(TokenRejected):
                await reject(tokens)
        # Ten in the first hours, and then as many as an API that is well would need.
        assert 24 <= source.requests <= 2 + 10 + 24


async def test_an_api_that_rejects_long_lived_tokens() -> None:
    """Where one token would do, mints become rare."""
    clock, source = ManualClock(), Handmade(lifetime=30 * 86_400)
    async with TokenManager(source, clock=clock) as tokens:
        for _ in range(24 * 60):
            clock.advance(60)
            with suppress(TokenRejected):
                await reject(tokens)
        assert 12 <= source.requests <= 2 + 10 + 24 / 2


async def test_many_managers_and_an_api_that_rejects_every_token() -> None:
    """The fleet mints no more than one of them would."""
    clock, source, store = ManualClock(), Handmade(), MemoryStore()
    fleet = [TokenManager(source, store=store, clock=clock) for _ in range(5)]
    for _ in range(600):
        clock.advance(1)
        for tokens in fleet:
            with suppress(TokenRejected):
                await reject(tokens)
    assert 3 <= source.requests <= 2 + 7


async def test_the_store_is_away_and_the_api_rejects_every_token() -> None:
    """Without the store there is no shared memory of it, but each manager has its own."""

    class Away(MemoryStore):
        async def read(self, key: str) -> bytes | None:
            raise StoreUnavailable(f"no {key} today")

    clock, source = ManualClock(), Handmade()
    async with TokenManager(source, store=Away(), clock=clock) as tokens:
        for _ in range(60):
            clock.advance(10)
            with suppress(TokenRejected):
                await reject(tokens)
    assert 3 <= source.requests <= 2 + 7


async def test_it_gets_well_again() -> None:
    """When the pause is over and the API takes the token, all is as before."""
    clock, source = ManualClock(), Handmade()
    async with TokenManager(source, clock=clock) as tokens:
        await reject(tokens)
        await reject(tokens)
        clock.advance(11)
        good = await tokens.get()
        clock.advance(3600)
        assert good != await reject(tokens)
        await tokens.get()
        assert 5 == source.requests


async def test_revoked_every_day() -> None:
    """A token that was good for a day is replaced at once, however often that happens."""
    clock = ManualClock()
    async with (
        server_of(clock=clock, lifetime=30 * 86_400) as server,
        manager(server, clock=clock) as tokens,
    ):
        for day in range(1, 12):
            old = await use(tokens, server)
            assert day == server.requests
            clock.advance(86_400)
            server.revoke(old.access_token)
            assert old != await use(tokens, server)


async def test_a_crowd_that_calls_an_api_that_rejects_every_token() -> None:
    """The store is not asked for each of them, nor is the same told time and again."""
    told: list[Event] = []
    clock, source = ManualClock(), Handmade()
    async with TokenManager(source, clock=clock, on_event=told.append) as tokens:
        await reject(tokens)
        await reject(tokens)
        for moment in range(3):
            for _ in range(100):
                with pytest.raises(TokenRejected):
                    await tokens.get()
            assert moment + 1 == tokens.stats.failed
            clock.advance(2)
        clock.advance(4)
        assert "handmade-3" == (await tokens.get()).access_token
    assert 3 == len([event for event in told if isinstance(event, RenewalFailed)])
