"""G3 fresh: nobody is handed an expired token, nor one with less life left than was asked for."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asking import call
from managing import Handmade, eventually, manager, server_of, together
from mintonce import MemoryStore, MintonceError, Token, TokenManager, TokenRequestError, UsageError
from mintonce.testing import Fault, ManualClock


async def life_left(tokens: TokenManager, clock: ManualClock, needed: float = 0.0) -> float:
    """Get a token and say how long it will live."""
    token = await tokens.get(min_validity=needed)
    return token.remaining(clock.wall())


@pytest.mark.asyncio
async def test_the_api_takes_every_token_until_the_last_moment() -> None:
    """By the server's own clock, which is turned along, through several lives of a token."""
    clock = ManualClock()
    async with server_of(clock=clock, lifetime=100) as server, manager(server, clock=clock) as t:
        for _ in range(60):
            clock.advance(7.0)
            token = await t.get()
            assert 200 == (await call(server, token.access_token)).status
        assert 0 == server.rejections
        assert server.requests <= 1 + 60 * 7 / 90


@pytest.mark.asyncio
@pytest.mark.parametrize("early", [1e-6, 0.0])
async def test_the_moment_of_expiry(early: float) -> None:
    """A token is handed out until right before it expires, and not then."""
    clock, source = ManualClock(), Handmade(lifetime=3600)
    async with TokenManager(source, clock=clock, refresh_ahead=0) as tokens:
        old = await tokens.get()
        clock.advance(3600 - early)
        assert bool(early) == (old == await tokens.get())
        assert (1 if early else 2) == source.requests


@pytest.mark.asyncio
async def test_a_caller_who_needs_more_life_gets_a_new_token() -> None:
    """And the others go on with it too."""
    clock, source = ManualClock(), Handmade(lifetime=3600)
    async with TokenManager(source, clock=clock) as tokens:
        old = await tokens.get()
        clock.advance(1801)
        assert old == await tokens.get(min_validity=1799)
        assert 1 == source.requests
        assert 3600 == await life_left(tokens, clock, 1800)
        assert old != await tokens.get()
        assert 2 == source.requests


@pytest.mark.asyncio
async def test_the_look_that_others_trust_knows_their_need() -> None:
    """Right after a call that was content with little, a call that needs more is not."""
    clock, source = ManualClock(), Handmade(lifetime=3600)
    async with TokenManager(source, clock=clock, refresh_ahead=0) as tokens:
        await tokens.get()
        clock.advance(3599.5)
        assert 0.5 == await life_left(tokens, clock)
        assert 3600 == await life_left(tokens, clock, 0.6)


@pytest.mark.asyncio
async def test_more_life_than_tokens_have_is_a_mistake_in_the_program() -> None:
    """The first call finds it out with one request; the next ones send none."""
    source = Handmade(lifetime=300)
    async with TokenManager(source) as tokens:
        for _ in range(3):
            with pytest.raises(UsageError, match="tokens live 300 s"):
                await tokens.get(min_validity=1000)
        assert "handmade-1" == (await tokens.get()).access_token
        assert 1 == source.requests


@pytest.mark.asyncio
async def test_callers_who_need_too_much_do_not_disturb_the_others() -> None:
    """Whoever started the mint, each caller gets what its own need comes to."""
    source = Handmade(lifetime=300)
    async with TokenManager(source) as tokens:
        needs = [1000, 0, 100] * 10
        calls = (tokens.get(min_validity=need) for need in needs)
        found = await asyncio.gather(*calls, return_exceptions=True)
        expected = [UsageError if need == 1000 else Token for need in needs]
        assert expected == [type(result) for result in found]
        assert 1 == source.requests


@pytest.mark.asyncio
@pytest.mark.parametrize("need", [math.inf, math.nan, 10**400, "5", [5], True])
async def test_a_need_that_makes_no_sense(need: Any) -> None:
    """It is refused, with a token at hand and without, and nothing is sent for it."""
    source = Handmade()
    async with TokenManager(source) as tokens:
        for requests in (0, 1):
            with pytest.raises(UsageError, match="min_validity must be a number of seconds"):
                await tokens.get(min_validity=need)
            assert requests == source.requests
            await tokens.get()


@pytest.mark.asyncio
@pytest.mark.parametrize("need", [-1.0, -math.inf])
async def test_less_than_nothing_is_needed(need: float) -> None:
    """The time until a deadline may come out below zero: any token that is alive will do."""
    source = Handmade()
    async with TokenManager(source) as tokens:
        found = [await tokens.get(min_validity=need) for _ in range(2)]
        assert 1 == source.requests == len(set(found))


@pytest.mark.asyncio
async def test_a_token_that_comes_too_late_is_not_handed_out() -> None:
    """Its life counts from the request; if that took longer, the error says so."""
    clock, source = ManualClock(), Handmade(lifetime=5)
    source.open.clear()
    async with TokenManager(source, clock=clock) as tokens:
        caller = asyncio.create_task(tokens.get())
        await eventually(lambda: source.requests)
        clock.advance(5)
        source.open.set()
        with pytest.raises(TokenRequestError, match="lives 5 s, and was over when it came"):
            await caller
        assert 1 == source.requests


@pytest.mark.asyncio
async def test_the_time_that_the_answer_took_is_taken_off() -> None:
    """The server's clock started before the answer came."""
    clock, source = ManualClock(), Handmade(lifetime=60)
    source.open.clear()
    async with TokenManager(source, clock=clock) as tokens:
        caller = asyncio.create_task(tokens.get())
        await eventually(lambda: source.requests)
        clock.advance(8)
        source.open.set()
        assert 52 == (await caller).remaining(clock.wall())


@pytest.mark.asyncio
async def test_a_token_of_the_store_with_little_life_left_is_replaced() -> None:
    """Adopted or not, a token has to last."""
    clock, source, store = ManualClock(), Handmade(lifetime=100), MemoryStore()
    async with TokenManager(source, store=store, clock=clock) as tokens:
        await tokens.get()
    clock.advance(50)
    async with TokenManager(source, store=store, clock=clock) as tokens:
        assert 50 == await life_left(tokens, clock, 50)
        assert 100 == await life_left(tokens, clock, 51)


@pytest.mark.asyncio
async def test_early_renewal_that_hangs_until_the_token_has_expired() -> None:
    """Then callers wait for it, and do not get the old one."""
    clock = ManualClock()
    async with server_of(clock=clock) as server, manager(server, clock=clock) as tokens:
        old = await tokens.get()
        clock.advance(3599)
        server.fail(Fault.latency(0.3))
        assert old == await tokens.get()
        await server.arrived(2)
        clock.advance(1)
        found = await together(10, tokens.get)
        assert {2} == {server.requests, len({old, *found})}


STEPS = st.lists(
    st.tuples(st.floats(0, 200), st.floats(0, 80), st.booleans(), st.integers(0, 2)), max_size=30
)


@given(STEPS)
def test_whatever_happens(steps: list[tuple[float, float, bool, int]]) -> None:
    """Time passes, tokens are rejected, processes come and go: what is handed out is good."""

    async def run() -> None:
        clock, source, store = ManualClock(), Handmade(lifetime=100), MemoryStore()
        managers = [TokenManager(source, store=store, clock=clock) for _ in range(3)]
        rejected = set[str]()
        for seconds, need, is_rejected, which in steps:
            clock.advance(seconds)
            try:
                token = await managers[which].get(min_validity=need)
            except MintonceError:
                assert rejected, "only an API that rejects tokens makes for errors here"
                continue
            assert 0 < token.remaining(clock.wall()) >= need
            if is_rejected:
                rejected.add(token.fingerprint)
                await managers[which].invalidate(token)
                assert token.fingerprint not in managers[which]._hand.rejected[:-1]
        for tokens in managers:
            await tokens.aclose()

    asyncio.run(run())
