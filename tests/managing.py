"""Managers of the tests: whom they ask, with which clocks, and how to wait for what they do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from asking import CLIENT_ID, CLIENTS, SECRET, call
from mintonce import ClientCredentials, Token, TokenManager, TokenRequestError
from mintonce.testing import AuthorizationServer, ManualClock

_PACE = 0.005  # seconds between two looks at a condition


def server_of(**options: Any) -> AuthorizationServer:
    """An authorization server that knows the client of the tests."""
    return AuthorizationServer(**{"clients": CLIENTS, **options})


def credentials(server: AuthorizationServer, **options: Any) -> ClientCredentials:
    """The client of the tests at this server."""
    known = {"token_url": server.token_url, "client_id": CLIENT_ID, "client_secret": SECRET}
    return ClientCredentials(**{**known, **options})


def manager(server: AuthorizationServer, **options: Any) -> TokenManager:
    """A manager for the client of the tests."""
    return TokenManager(credentials(server), **options)


async def together(number: int, get: Callable[[], Any]) -> Sequence[Any]:
    """Await so many calls at once, each in a task of its own."""
    return await asyncio.gather(*(get() for _ in range(number)))


async def eventually(condition: Callable[[], object], *, seconds: float = 5.0) -> None:
    """Return as soon as the condition holds; ``TimeoutError`` if it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await moment()


async def settled(*managers: TokenManager) -> None:
    """Return when nothing is under way in any of them."""
    names = ("get 0", "early")
    await eventually(lambda: not any(name in m._flights for m in managers for name in names))


async def moment(seconds: float = _PACE) -> None:
    """Let everything else run for a moment."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()


@asynccontextmanager
async def passing(clock: ManualClock) -> AsyncIterator[None]:
    """Let time pass by itself while the block runs, ten times as fast as it does."""

    async def turn() -> None:
        while True:
            clock.advance(10 * _PACE)
            await moment()

    turning = asyncio.create_task(turn())
    try:
        yield
    finally:
        turning.cancel()
        await asyncio.wait([turning])


def prints(tokens: Sequence[Token]) -> set[str]:
    """The fingerprints of these tokens."""
    return {token.fingerprint for token in tokens}


class Handmade:
    """A source of the program's own: what it mints, and when, is up to the test.

    Attributes:
        requests: How often it was asked.
        answers: What it answers next, in this order: members to change, or an error to raise.
        lifetime: Seconds that its tokens live.
        open: While this is not set, nobody gets an answer.

    """

    def __init__(self, *, lifetime: float = 3600.0, key: str = "token-handmade") -> None:
        self.key = key
        self.lifetime = lifetime
        self.requests = 0
        self.answers: list[Mapping[str, Any] | Exception] = []
        self.open = asyncio.Event()
        self.open.set()
        self._serial = count(1)

    async def mint(self) -> Mapping[str, Any]:
        """Answer as told."""
        self.requests += 1
        answer = self.answers.pop(0) if self.answers else {}
        await self.open.wait()
        if isinstance(answer, Exception):
            raise answer
        return {
            "access_token": f"handmade-{next(self._serial)}",
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            **answer,
        }


class Preparing(Handmade):
    """A source that fails to get ready as often as it is told to, once it may.

    Attributes:
        failures: How often it still fails.
        error: How it fails.
        ready: While this is not set, it does neither.

    """

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0
        self.error = TokenRequestError("the vault is away")
        self.ready = asyncio.Event()
        self.ready.set()

    async def prepare(self, *, timeout: float) -> Callable[[], Awaitable[Mapping[str, Any]]]:  # noqa: ARG002 - it needs none
        """Get ready, or fail."""
        await self.ready.wait()
        if self.failures:
            self.failures -= 1
            raise self.error
        return self.mint


class Tenants(Handmade):
    """A source with a tenant; the server counts all of them together.

    Attributes:
        made: All sources that were made from this one, by their tenants.

    """

    ledger_key = "ledger-of-the-client"

    def __init__(self, tenant: object = "first", **options: Any) -> None:
        super().__init__(key=f"token-{tenant}", **options)
        self.made: dict[object, Handmade] = {tenant: self}

    def for_(self, *, tenant: object) -> Handmade:
        """The source of another tenant."""
        if tenant not in self.made:
            other = self.made[tenant] = Tenants(tenant, lifetime=self.lifetime)
            other.made = self.made
        return self.made[tenant]


async def use(tokens: TokenManager, server: AuthorizationServer) -> Token:
    """Call the API; on a 401 say so, get another token and call again, once."""
    token = await tokens.get()
    if (await call(server, token.access_token)).status == 401:
        await tokens.invalidate(token)
        token = await tokens.get()
    return token


async def reject(tokens: TokenManager) -> Token:
    """Get a token, and reject it."""
    token = await tokens.get()
    await tokens.invalidate(token)
    return token
