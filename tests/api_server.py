"""An API of the tests: takes live tokens of an authorization server, and writes down who called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from mintonce.testing import AuthorizationServer


@dataclass(frozen=True)
class Call:
    """What arrived."""

    method: str
    path: str
    authorization: str | None
    body: bytes

    @property
    def token(self) -> str:
        """The bearer token that it brought."""
        scheme, _, token = (self.authorization or "").partition(" ")
        assert scheme == "Bearer"
        return token


@dataclass
class Api:
    """Answers 200 with what it got to calls that bring a live token, and 401 to others.

    Paths: ``/to?url=...`` leads there by a 307; ``/forbidden`` is a 403; ``/ws`` a websocket that
    says everything back; ``/early`` refuses before it has read the body.

    Attributes:
        is_good: Says whether a token is.
        challenge: The WWW-Authenticate field of a 401; None: there is none.
        calls: What has arrived.
        url: Where it is.

    """

    is_good: Callable[[str], bool]
    challenge: str | None = 'Bearer error="invalid_token"'
    calls: list[Call] = field(default_factory=list)
    url: str = ""

    @property
    def tokens(self) -> list[str]:
        """The tokens that it got, one after another."""
        return [call.token for call in self.calls]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        early = request.path == "/early"
        body = b"" if early else await request.read()
        call = Call(request.method, request.path, request.headers.get("Authorization"), body)
        self.calls.append(call)
        if not (call.authorization and self.is_good(call.token)):
            return web.Response(status=401, headers=self._headers(), text="who are you?")
        if request.path == "/to":
            raise web.HTTPTemporaryRedirect(request.query["url"])
        if request.path == "/forbidden":
            raise web.HTTPForbidden
        if request.path == "/ws":
            return await _echo(request)
        return web.Response(body=body or await request.read(), headers={"Api": "here"})

    def _headers(self) -> Mapping[str, str]:
        return {} if self.challenge is None else {"WWW-Authenticate": self.challenge}


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


@asynccontextmanager
async def api_of(server: AuthorizationServer | None = None) -> AsyncIterator[Api]:
    """An API that takes the tokens of this server; without one, it takes none."""
    api = Api(server.is_live if server else lambda _: False)
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        api.url = f"http://{host}:{port}"
        yield api
    finally:
        await runner.cleanup()
        await asyncio.sleep(0)
