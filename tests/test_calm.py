"""G5 calm: while a usable token exists, no failure of the server or the store reaches a caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from managing import Handmade, manager, moment, server_of
from mintonce import (
    MemoryStore,
    StoreError,
    StoreUnavailable,
    TokenManager,
    TokenRequestError,
)
from mintonce.testing import AuthorizationServer, Fault, ManualClock

pytestmark = pytest.mark.asyncio

FAULTS = {
    "unavailable": Fault.status(503),
    "too many": Fault.status(429, retry_after=30),
    "refused": Fault.status(401, json={"error": "invalid_client"}),
    "a web page": Fault.html(),
    "reset": Fault.reset(),
    "lost": Fault.lose_answer(),
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AuthorizationServer]:
    """A server whose tokens live for ten minutes."""
    async with server_of(lifetime=600) as server:
        yield server


async def use(managers: Sequence[TokenManager], clock: ManualClock, seconds: float) -> None:
    """Let each manager hand out a token every second, and what that starts come to its end."""
    until = clock.wall() + seconds
    while clock.wall() < until:
        for tokens in managers:
            token = await tokens.get()
            assert token.remaining(clock.wall()) > 0
        clock.advance(1)
        while any("early" in tokens._flights for tokens in managers) and clock.wall() < until:
            clock.advance(0.05)
            await moment()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_the_server_is_down_before_expiry(server: AuthorizationServer, fault: Fault) -> None:
    """Callers notice nothing, and the server is not stormed."""
    clock = ManualClock()
    async with manager(server, clock=clock) as tokens:
        old = await tokens.get()
        server.fail(fault, times=None)
        clock.advance(569)
        await use([tokens], clock, 30)
        assert old == await tokens.get()
        assert 1 <= server.requests - 1 <= 8
        # Nor is the store asked over and over whether the pause is still there.
        assert 1 <= tokens.stats.failed <= 8


async def test_the_server_comes_back_before_expiry(server: AuthorizationServer) -> None:
    """The new token is there before anybody has to wait for it."""
    clock = ManualClock()
    async with manager(server, clock=clock) as tokens:
        old = await tokens.get()
        server.fail(Fault.status(503), times=3)
        clock.advance(569)
        await use([tokens], clock, 30)
        assert old != await tokens.get()
        assert 5 == server.requests
        assert 1 == tokens.stats.waited


async def test_a_fleet_asks_no_more_than_one_process_would(server: AuthorizationServer) -> None:
    """They all keep to the pause that one of them wrote down."""
    requests = []
    for size in (1, 8):
        clock, store, before = ManualClock(), MemoryStore(), server.requests
        managers = [manager(server, store=store, clock=clock) for _ in range(size)]
        await asyncio.gather(*(tokens.get() for tokens in managers))
        server.fail(Fault.status(503), times=None)
        clock.advance(569)
        await use(managers, clock, 30)
        server.heal()
        requests.append(server.requests - before)
        await asyncio.gather(*(tokens.aclose() for tokens in managers))
    assert requests[1] <= requests[0] + 2


async def test_nobody_listens(server: AuthorizationServer) -> None:
    """A server that is gone is no trouble while the token lives, and then a clear error."""
    clock = ManualClock()
    async with manager(server, clock=clock) as tokens:
        await tokens.get()
        await server.aclose()
        clock.advance(579)
        await use([tokens], clock, 20)
        clock.advance(60)
        with pytest.raises(TokenRequestError, match="cannot be reached"):
            await tokens.get()
        await server.start()
        clock.advance(300)  # longer than any pause between two requests
        await tokens.get()


async def test_a_server_that_hangs(server: AuthorizationServer) -> None:
    """Nobody waits for it while there is a token; then they do, for the time that was set."""
    clock = ManualClock()
    async with manager(server, clock=clock, mint_timeout=0.2) as tokens:
        old = await tokens.get()
        server.fail(Fault.hang())
        clock.advance(599)
        assert old == await tokens.get()
        await server.arrived(2)
        assert old == await tokens.get()
        clock.advance(1)
        with pytest.raises(TokenRequestError, match=r"no answer within 0\.2 s"):
            await tokens.get()
        clock.advance(5)
        assert old != await tokens.get()
        assert 3 == server.requests


class Shaky(MemoryStore):
    """A store that can be taken away."""

    away: Exception | None = None

    async def read(self, key: str) -> bytes | None:
        """Read, or fail."""
        if self.away:
            raise self.away
        return await super().read(key)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Swap, or fail."""
        if self.away:
            raise self.away
        return await super().swap(key, old, new, ttl=ttl)


@pytest.mark.parametrize("error", [StoreError("broken"), StoreUnavailable("away")])
async def test_the_store_is_down_before_expiry(error: StoreError) -> None:
    """The token in hand is enough; nothing is minted that nobody else would know of."""
    clock, store, source = ManualClock(), Shaky(), Handmade(lifetime=600)
    async with TokenManager(source, store=store, clock=clock) as tokens:
        await tokens.get()
        store.away = error
        clock.advance(569)
        await use([tokens], clock, 20)
        assert 1 == source.requests
        store.away = None
        await use([tokens], clock, 4)
        await tokens.invalidate("somebody else's")
        await use([tokens], clock, 4)
        assert 2 == source.requests


async def test_a_source_that_is_broken() -> None:
    """Whatever a source of the program's own raises, early renewal keeps it to itself."""
    clock, source = ManualClock(), Handmade(lifetime=600)
    async with TokenManager(source, clock=clock) as tokens:
        await tokens.get()
        source.answers.append(ZeroDivisionError("in the source"))
        clock.advance(545)
        await use([tokens], clock, 50)
        assert 3 == source.requests
