"""Without a usable token: what passes soon is waited for, the rest is an error for all, at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from asking import CLIENT_ID, CLIENTS, SECRET
from fleet import fleet, secret_of
from managing import Handmade, credentials, manager, moment, passing, server_of, together
from mintonce import Budget, FileStore, MemoryStore, TokenManager, TokenRequestError
from mintonce.testing import AuthorizationServer, Fault, ManualClock

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AuthorizationServer]:
    """A server that is well, until it is told otherwise."""
    async with server_of() as server:
        yield server


async def errors_of(tokens: TokenManager, number: int = 1) -> list[TokenRequestError]:
    """Get a token in so many tasks, all of which fail."""
    calls = (tokens.get() for _ in range(number))
    found = await asyncio.gather(*calls, return_exceptions=True)
    return [error for error in found if isinstance(error, TokenRequestError)]


async def test_unavailable_once(server: AuthorizationServer) -> None:
    """The token comes a moment later, with one more request for all callers."""
    async with manager(server) as tokens:
        server.fail(Fault.status(503))
        assert 1 == len(set(await together(50, tokens.get)))
        assert 2 == server.requests


async def test_a_short_time_to_wait(server: AuthorizationServer) -> None:
    """The server is asked again when it wants to be, and not before."""
    clock = ManualClock()
    async with manager(server, clock=clock) as tokens:
        server.fail(Fault.status(429, retry_after=2))
        caller = asyncio.create_task(tokens.get())
        while not (await tokens.status()).cool_down:
            await moment()
        clock.advance(1.9)
        for _ in range(40):
            await moment()
        assert 1 == server.requests
        assert not caller.done()
        clock.advance(0.2)
        await caller
        assert 2 == server.requests


async def test_a_long_time_to_wait(server: AuthorizationServer) -> None:
    """All callers are told at once when it makes sense to come back, and until then nobody asks."""
    clock = ManualClock()
    async with manager(server, clock=clock) as tokens:
        server.fail(Fault.status(429, retry_after=120))
        for seconds in (0, 60, 50):
            clock.advance(seconds)
            (error, *others) = await errors_of(tokens, 20)
            assert 19 == len(others)
            assert (429, False) == (error.status, error.permanent)
            assert error.retry_at
            assert clock.wall() <= error.retry_at <= clock.wall() + 120
            assert 1 == server.requests
        clock.advance(10.1)
        await tokens.get()
        assert 2 == server.requests


async def test_unavailable_for_long(server: AuthorizationServer) -> None:
    """Callers wait for some tries, a few seconds in all; and the pauses grow."""
    clock = ManualClock()
    server.fail(Fault.status(503), times=None)
    async with manager(server, clock=clock) as tokens, passing(clock):
        start, pauses = clock.steady(), list[float]()
        assert await errors_of(tokens)
        assert clock.steady() - start < 5
        assert 2 <= server.requests <= 4
        for _ in range(6):
            (error,) = await errors_of(tokens)
            assert error.retry_at
            pauses.append(error.retry_at - clock.wall())
            clock.advance(pauses[-1])
        assert 15 < pauses[-1] < 40
        assert pauses[-1] > 3 * pauses[0]


async def test_each_caller_has_an_error_of_its_own(server: AuthorizationServer) -> None:
    """So that nobody's traceback grows in somebody else's log."""
    server.fail(Fault.html())
    async with manager(server) as tokens:
        errors = await errors_of(tokens, 5)
        assert 5 == len({id(error) for error in errors})
        assert 1 == len({str(error) for error in errors})


async def test_wrong_secret_in_many_managers(server: AuthorizationServer) -> None:
    """One of them finds out with one request; it costs nothing of the budget."""
    store, budget = MemoryStore(), Budget(10, per="day")
    for _ in range(3):
        source = credentials(server, client_secret="not-the-secret")
        async with TokenManager(source, store=store, budget=budget) as tokens:
            (error, *_) = await errors_of(tokens, 10)
            assert (True, 401, "invalid_client") == (error.permanent, error.status, error.error)
            assert "wrong client id or secret" in str(error)
            assert error.retry_at
            assert 0 == (await tokens.status()).budgets[0].used
    assert 1 == server.requests


async def test_a_rotated_secret_is_taken_at_once(server: AuthorizationServer) -> None:
    """The refusal was for the old one: it keeps nobody who has the new one from asking."""
    store, secrets = MemoryStore(), ["old"]
    source = credentials(server, client_secret=lambda: secrets[-1])
    async with TokenManager(source, store=store) as tokens:
        assert await errors_of(tokens)
        assert await errors_of(tokens)
        assert 1 == server.requests
        secrets.append(SECRET)
        await tokens.get()
        assert 2 == server.requests


async def test_a_secret_that_was_wrong_for_one_process_only(server: AuthorizationServer) -> None:
    """Those who have the right one ask with it; then all have a token, also the other."""
    store = MemoryStore()
    wrong = TokenManager(credentials(server, client_secret="not-the-secret"), store=store)
    assert await errors_of(wrong)
    right = await manager(server, store=store).get()
    assert right == await wrong.get()
    assert 2 == server.requests


async def test_a_refusal_is_asked_again_some_day(server: AuthorizationServer) -> None:
    """Perhaps the client was only unknown to the server until then."""
    clock = ManualClock()
    server.rules.clients.clear()
    async with manager(server, clock=clock) as tokens:
        (error,) = await errors_of(tokens)
        server.rules.clients.update(CLIENTS)
        assert await errors_of(tokens)
        assert error.retry_at
        clock.advance(error.retry_at - clock.wall() + 0.1)
        await tokens.get()
        assert 2 == server.requests


async def test_processes_share_a_refusal(tmp_path: Path, server: AuthorizationServer) -> None:
    """One request for all of them, and one more when somebody has mended the secret."""
    directory = tmp_path / "tokens"
    secret_of(directory).write_text("not-the-secret", "utf-8")
    async with fleet(server, directory, 4) as workers:
        answers = await asyncio.gather(*(worker.ask("get") for worker in workers))
        assert [("TokenRequestError", True)] * 4 == [(a["raised"], a["permanent"]) for a in answers]
        assert 1 == server.requests
        secret_of(directory).write_text(SECRET, "utf-8")
        assert 1 == len(set(await asyncio.gather(*(worker.token() for worker in workers))))
        assert 2 == server.requests


async def test_a_lost_answer_is_not_asked_for_again_at_once() -> None:
    """Each try may cost a token of the month: after the first one, callers get an error."""
    clock, source = ManualClock(), Handmade()
    source.answers += [TokenRequestError("gone", may_have_issued=True)] * 10
    async with TokenManager(source, clock=clock) as tokens:
        for _ in range(600):
            await errors_of(tokens)
            clock.advance(1)
        assert 5 <= source.requests <= 10


async def test_callers_leave_while_it_is_waited(server: AuthorizationServer) -> None:
    """The next try is made for whoever comes; closing waits for no more than that."""
    async with manager(server, store=MemoryStore()) as tokens:
        server.fail(Fault.status(503))
        caller = asyncio.create_task(tokens.get())
        await server.arrived(1)
        caller.cancel()
    assert 2 == server.requests
    assert 1 == tokens.stats.minted


async def test_the_secret_cannot_be_read(server: AuthorizationServer) -> None:
    """Nothing is sent and the budget is not touched; soon it is tried again."""
    tries = 0

    async def secret() -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError("the vault is sealed")
        return SECRET

    source = credentials(server, client_secret=secret)
    async with TokenManager(source, budget=Budget(10, per="day")) as tokens:
        await tokens.get()
        status = await tokens.status()
        assert ["minted"] == [mint.outcome for mint in status.mints]
        assert 1 == server.requests == status.budgets[0].used


async def test_another_client_is_not_held_up(tmp_path: Path, server: AuthorizationServer) -> None:
    """A refusal belongs to one client and one API."""
    store = FileStore(tmp_path / "tokens")
    server.rules.audiences = {"orders"}
    unknown = TokenManager(credentials(server, audience="stock"), store=store)
    (error,) = await errors_of(unknown)
    assert ("access_denied", True) == (error.error, error.permanent)
    assert CLIENT_ID not in str(error)
    await TokenManager(credentials(server, audience="orders"), store=store).get()
    assert 2 == server.requests
