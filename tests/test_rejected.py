"""G6 one per rejection: however many calls saw the 401, and however often the API says it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from asking import call
from fleet import fleet
from managing import Handmade, manager, passing, prints, reject, server_of, settled, use
from mintonce import (
    Budget,
    MemoryStore,
    MintonceError,
    Token,
    TokenManager,
    TokenRejected,
    TokenRequestError,
)
from mintonce.testing import Fault, ManualClock

pytestmark = pytest.mark.asyncio


async def test_five_hundred_tasks_with_the_same_401() -> None:
    """They cause one new mint, and all of them go on with its token."""
    async with server_of(latency=0.05) as server, manager(server) as tokens:
        old = await tokens.get()
        server.revoke(old.access_token)

        async def renew() -> Token:
            await tokens.invalidate(old)
            return await tokens.get()

        found = await asyncio.gather(*(renew() for _ in range(500)))
        assert 1 == len(prints(found))
        assert old not in found
        assert 2 == server.requests
        assert 1 == tokens.stats.rejected


async def test_a_key_change_under_load() -> None:
    """Many tasks that call the API while all tokens are revoked: one new token, no 401 twice."""
    async with server_of() as server, manager(server) as tokens:
        await tokens.get()
        server.revoke_all()
        found = await asyncio.gather(*(use(tokens, server) for _ in range(40)))
        assert [200] * 40 == [(await call(server, t.access_token)).status for t in found]
        assert 2 == server.requests


async def test_a_late_401_for_an_older_token() -> None:
    """It is about a token that nobody uses any more."""
    source = Handmade()
    async with TokenManager(source) as tokens:
        old = await reject(tokens)
        new = await tokens.get()
        for token in (old, old.access_token, "never seen"):
            await tokens.invalidate(token)
            assert new is await tokens.get()
        assert 2 == source.requests


async def test_reported_by_its_value() -> None:
    """A call may know the token only as it went over the wire."""
    source = Handmade()
    async with TokenManager(source) as tokens:
        await tokens.invalidate((await tokens.get()).access_token)
        assert "handmade-2" == (await tokens.get()).access_token


async def test_other_managers_learn_of_it() -> None:
    """Who comes after the report does not even try the rejected token."""
    source, store = Handmade(), MemoryStore()
    first, second, third = (TokenManager(source, store=store) for _ in range(3))
    old = await second.get()
    assert old == await first.get()
    await first.invalidate(old)
    new = await third.get()
    assert new != old
    assert old == await second.get()
    await second.invalidate(old)
    assert {new.fingerprint} == prints([await first.get(), await second.get()])
    assert 2 == source.requests


async def test_processes_that_saw_the_same_401(tmp_path: Path) -> None:
    """Five hundred tasks in eight of them report it all at once, and one of them mints."""
    async with server_of() as server, fleet(server, tmp_path / "tokens", 8) as workers:
        (old,) = {await worker.token() for worker in workers}
        server.revoke_all()
        asked = (worker.ask("invalidate", tasks=63) for worker in workers)
        found = {token for reply in await asyncio.gather(*asked) for token in reply["tokens"]}
        assert 1 == len(found - {old}) == len(found)
        assert 2 == server.requests
        # The API comes to its senses: a token that was rejected stays so all the same.
        assert found == {await worker.token() for worker in workers}


async def test_a_server_that_returns_the_rejected_token() -> None:
    """Asking again is no way out of that: a pause, an error that says it, and few requests."""
    clock = ManualClock()
    async with server_of(clock=clock) as server, manager(server, clock=clock) as tokens:
        old = await reject(tokens)
        server.fail(Fault.same_token(), times=None)
        for _ in range(60):
            with pytest.raises(TokenRejected):
                await tokens.get()
            clock.advance(1)
        assert 2 <= server.requests <= 5
        server.heal()
        clock.advance(100)
        assert old != await tokens.get()


async def test_a_server_that_returns_the_token_that_is_about_to_expire() -> None:
    """It is used to its end, and the server is not asked for it over and over."""
    clock = ManualClock()
    async with server_of(clock=clock) as server, manager(server, clock=clock) as tokens:
        old = await tokens.get()
        server.fail(Fault.same_token(), times=None)
        clock.advance(3541)
        for _ in range(58):
            assert old.access_token == (await tokens.get()).access_token
            await settled(tokens)
            clock.advance(1)
        assert 2 == server.requests
        with pytest.raises(TokenRequestError, match="no token yet that lives longer"):
            await tokens.get(min_validity=100)
        async with passing(clock):
            clock.advance(2)
            assert old.access_token != (await tokens.get()).access_token
        assert 3 == server.requests


async def test_rejections_leave_the_last_tenth_of_the_budget() -> None:
    """An API in trouble cannot use up what those will need who have no token at all."""
    clock, source, store = ManualClock(), Handmade(), MemoryStore()
    budget = Budget(10, per="month")
    async with TokenManager(source, store=store, clock=clock, budget=budget) as tokens:
        for _ in range(300):
            clock.advance(3600)
            with suppress(MintonceError):
                await reject(tokens)
        assert 9 == source.requests
