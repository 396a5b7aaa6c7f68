"""The authorization server: it checks, mints, counts and, when told to, fails."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from itertools import repeat
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from mintonce.clock import Clock, SystemClock
from mintonce.testing.server.api import Api
from mintonce.testing.server.control import Control
from mintonce.testing.server.faults import Fault
from mintonce.testing.server.issuer import Issuer, Outcome
from mintonce.testing.server.listener import Listener
from mintonce.testing.server.reply import send
from mintonce.testing.server.requests import LoggedRequest, TokenRequest
from mintonce.testing.server.rules import Rules
from mintonce.testing.server.tokens import TokenBook

DEVELOPMENT_CLIENT: Final = {"development": "development-secret"}
"""The client that a server knows when it is told of none, and its secret."""


class AuthorizationServer:
    """A real OAuth 2.0 authorization server on loopback, with an API behind it.

    It is for tests and demos, as the judge of what clients send: it checks every request, counts
    it and writes it down. In production it has no place: what it knows ends with the process::

        async with AuthorizationServer(clients={"orders": "s3cret"}, quota=1000) as server:
            ...  # something that sends token requests to server.token_url
            assert server.requests == 1

    A request is decided on as soon as it has arrived in full; ``latency`` is the time from then
    until the answer leaves. So a client that goes away in between has used up a token, as it would
    elsewhere. What was minted counts, whether or not the answer gets through.

    Other processes can watch and steer it over HTTP: see `mintonce.testing.server.control`.

    Args:
        clients: The secret of each client, by its id; none given: ``DEVELOPMENT_CLIENT``.
        lifetime: Seconds that a token lives.
        quota: Tokens to be issued in the server's whole life; then 429. ``None``: no limit.
        quota_headers: Tell what is left of the quota, as Auth0 does.
        latency: Seconds from the arrival of a token request to its answer.
        audiences: The values allowed as ``audience`` and ``resource``. ``None``: any.
        scopes: The scopes allowed. ``None``: any.
        clock: What tokens expire by; with a ``ManualClock`` the test turns it.
        host: The address to listen at.
        port: The port to listen at; 0 for a free one.
        ssl_context: Serve HTTPS with it.

    Attributes:
        rules: Clients, lifetime, quota, audiences and scopes; may be changed at any time.
        latency: As above; may be changed at any time.
        log: What is known of each token request, in order, without secrets.

    """

    def __init__(
        self,
        *,
        clients: Mapping[str, str] | None = None,
        lifetime: float = 3600,
        quota: int | None = None,
        quota_headers: bool = False,
        latency: float = 0.0,
        audiences: Collection[str] | None = None,
        scopes: Collection[str] | None = None,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.rules: Rules = Rules(
            clients=dict(DEVELOPMENT_CLIENT if clients is None else clients),
            lifetime=lifetime,
            quota=quota,
            quota_headers=quota_headers,
            audiences=audiences,
            scopes=scopes,
        )
        self.latency = latency
        self.log: list[LoggedRequest] = []
        clock = clock or SystemClock()
        self._book = TokenBook(clock)
        self._issuer = Issuer(self.rules, self._book, clock)
        self._api = Api(self._book)
        self._faults: deque[Iterator[Fault]] = deque()
        self._arrival = asyncio.Event()
        routes = [
            web.post("/oauth/token", self._token),
            web.route("*", "/orders", self._api.answer),
            *Control(self).routes(),
        ]
        self._listener = Listener(routes, host=host, port=port, ssl_context=ssl_context)

    def __repr__(self) -> str:
        return f"<AuthorizationServer requests={self.requests} tokens={self.tokens}>"

    @property
    def url(self) -> str:
        """Where the server is; it has an address from its first start on, and keeps it.

        Raises:
            RuntimeError: It was never started, and no port was given.

        """
        return self._listener.url

    @property
    def token_url(self) -> str:
        """Where tokens are to be had."""
        return f"{self.url}/oauth/token"

    @property
    def resource_url(self) -> str:
        """An API: 200 with a live token, 401 without (RFC 6750 section 3)."""
        return f"{self.url}/orders"

    @property
    def requests(self) -> int:
        """Token requests that have arrived, whatever the answer."""
        return len(self.log)

    @property
    def tokens(self) -> int:
        """Tokens issued, those included that got lost on the way."""
        return self._book.minted

    @property
    def calls(self) -> int:
        """Calls of the API that have arrived."""
        return self._api.calls

    @property
    def rejections(self) -> int:
        """Calls of the API that were answered 401."""
        return self._api.rejections

    def stats(self) -> dict[str, int]:
        """The four counts by their names."""
        return {
            "requests": self.requests,
            "tokens": self.tokens,
            "calls": self.calls,
            "rejections": self.rejections,
        }

    async def arrived(self, requests: int) -> None:
        """Return once so many token requests, in all, have arrived and been decided on.

        With this a test knows that a client is in the middle of a mint, without sleeping.
        """
        while self.requests < requests:
            await self._arrival.wait()

    def fail(self, fault: Fault, *, times: int | None = 1) -> None:
        """Let the next token requests meet this fault, after those that wait already.

        ``times=None`` is all of them, until ``heal``.
        """
        self._faults.append(repeat(fault) if times is None else repeat(fault, times))

    def heal(self) -> None:
        """Drop the faults that nobody has met yet."""
        self._faults.clear()

    def is_live(self, token: str) -> bool:
        """Whether the API takes this token now."""
        return self._book.is_live(token)

    def revoke(self, token: str) -> None:
        """Have the API refuse this token from now on."""
        self._book.revoke(token)

    def revoke_all(self) -> None:
        """Have the API refuse every token that was issued so far."""
        self._book.revoke_all()

    async def start(self) -> None:
        """Listen. A server that was closed comes back at its address, with all that it knew.

        Closing and starting again is how a test takes the server down for a while.

        Raises:
            OSError: Somebody else listens at the port.
            RuntimeError: It is running already.

        """
        await self._listener.open()

    async def aclose(self) -> None:
        """Stop listening; whoever waits for an answer has the connection reset."""
        await self._listener.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _token(self, request: web.Request) -> web.Response:
        at, asked = time.time(), await TokenRequest.read(request)
        fault = self._next_fault()
        outcome = self._issuer.decide(asked, fault)
        self._write_down(_logged(at, asked, outcome))
        is_open = await self._listener.pause(self.latency + fault.delay)
        return send(outcome.reply if is_open else None, request)

    def _write_down(self, entry: LoggedRequest) -> None:
        self.log.append(entry)
        self._arrival.set()
        self._arrival = asyncio.Event()

    def _next_fault(self) -> Fault:
        while self._faults:
            fault = next(self._faults[0], None)
            if fault is not None:
                return fault
            self._faults.popleft()
        return Fault()


def _logged(at: float, asked: TokenRequest, outcome: Outcome) -> LoggedRequest:
    client_id, _ = asked.credentials
    return LoggedRequest(
        at=at,
        client_id=client_id,
        auth_method=asked.auth_method,
        form=asked.form,
        status=outcome.reply.status if outcome.reply else None,
        issued=outcome.grant is not None and outcome.grant.minted,
        fingerprint=outcome.grant.fingerprint if outcome.grant else None,
    )
