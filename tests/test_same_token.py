"""A server that hands out the same token again never drains the budget."""

from __future__ import annotations

from contextlib import suppress

import pytest

from making import NOW
from managing import Handmade, passing
from mintonce import MemoryStore, MintonceError, TokenManager, TokenRejected
from mintonce.testing import ManualClock
from troubled import Troubled, fails

pytestmark = pytest.mark.asyncio


class Same(Handmade):
    """A source of one token."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = [{"access_token": "the-same"}] * 99


async def test_a_rejection_that_could_not_be_shared_is_shared_with_the_next_call() -> None:
    """Otherwise each call would mint the token that its manager never hands out again."""
    clock, store, source = ManualClock(NOW), Troubled(), Same()
    async with TokenManager(source, store=store, clock=clock) as tokens:
        token = await tokens.get()
        store.swaps = [fails]
        await tokens.invalidate(token)
        for _ in range(9):
            with pytest.raises(TokenRejected, match="check audience"):
                await tokens.get()
            clock.advance(1)
    assert 2 == source.requests


async def test_others_learn_of_a_rejection_that_could_not_be_shared() -> None:
    """From whoever mints because of it."""
    clock, store, source = ManualClock(NOW), Troubled(), Handmade()
    async with TokenManager(source, store=store, clock=clock) as tokens:
        first = await tokens.get()
        store.swaps = [fails]
        await tokens.invalidate(first)
        second = await tokens.get()
    async with TokenManager(source, store=store, clock=clock) as other:
        await other.invalidate(first)
        assert second == await other.get()
    assert 2 == source.requests


async def test_a_token_that_seemed_to_be_over_is_issued_again() -> None:
    """The wall clock was set back while it ran out; what comes from the server now is good."""
    clock, source = ManualClock(NOW), Same()
    async with TokenManager(source, clock=clock) as tokens:
        await tokens.get()
        clock.advance(3600)
        clock.step_wall(-3600)
        for _ in range(9):
            assert 3600 >= (await tokens.get()).remaining(clock.wall()) > 3000
            clock.advance(60)
    assert 2 == source.requests


async def test_callers_who_need_more_life_than_is_left() -> None:
    """One request shows that there is no better token; then they are told to wait for its end."""
    clock, source = ManualClock(NOW), Same()
    async with TokenManager(source, clock=clock) as tokens:
        first = await tokens.get()
        clock.advance(3000)
        source.answers = [{"access_token": "the-same", "expires_in": 600}] * 99
        for _ in range(9):
            with pytest.raises(MintonceError, match="no token yet that lives longer") as told:
                await tokens.get(min_validity=900)
            assert first == await tokens.get()
        assert first.expires_at == vars(told.value)["retry_at"]
        assert 2 == source.requests
        clock.advance(600)
        with suppress(MintonceError):
            await tokens.get(min_validity=900)
        assert 3 == source.requests


async def test_the_same_token_is_issued_anew_for_all() -> None:
    """The value that has run out is good again: one request, whoever held it before."""
    clock, store, source = ManualClock(NOW), MemoryStore(), Same()
    managers = [TokenManager(source, store=store, clock=clock, refresh_ahead=0) for _ in range(5)]
    for expected in (1, 2):
        for tokens in managers:
            await tokens.get()
        assert expected == source.requests
        clock.advance(3600)
    for tokens in managers:
        await tokens.aclose()


async def test_a_server_that_tells_whole_seconds() -> None:
    """Of the last one nothing is left. Callers wait for the next token, and that is soon there."""
    clock, source = ManualClock(NOW), Handmade(lifetime=3600)
    async with TokenManager(source, clock=clock, refresh_ahead=0) as tokens:
        old = await tokens.get()
        source.answers = [{"access_token": old.access_token, "expires_in": 0}]
        clock.advance(3600)
        async with passing(clock):
            assert old != await tokens.get()
        assert 3 == source.requests
        mints = (await tokens.status()).mints
        assert ["minted", "lost", "minted"] == [mint.outcome for mint in mints]
