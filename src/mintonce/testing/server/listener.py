"""A place on the network: routes served at an address that is kept from start to start."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable

import anyio
from aiohttp import web
from aiohttp.typedefs import Handler

_GRACE = 0.02
"""Seconds that a half-sent request has to come in when the listener closes."""


@web.middleware
async def _let_go(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A client that leaves before its request is complete is no error of the server's."""
    try:
        return await handler(request)
    except ConnectionError:
        return web.Response()


class Listener:
    """Serves routes while it is open; may be closed and opened again, on any loop.

    Clients keep its address in their configuration, so it takes the same port each time.
    """

    def __init__(
        self,
        routes: Iterable[web.AbstractRouteDef],
        *,
        host: str,
        port: int,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._routes = tuple(routes)
        self._host = host
        self._port = port
        self._ssl_context = ssl_context
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        """Scheme, host and port; ``RuntimeError`` before there is a port."""
        if self._port == 0:
            raise RuntimeError("the server has no address before it is started")
        scheme = "https" if self._ssl_context else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self._port}"

    async def open(self) -> None:
        """Listen, at the port of the last time; ``OSError`` if somebody else has it."""
        if self._runner is not None:
            raise RuntimeError("the server is running already")
        app = web.Application(middlewares=[_let_go])
        app.add_routes(self._routes)
        self._closing = asyncio.Event()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)
        try:
            await self._runner.setup()
            site = web.TCPSite(self._runner, self._host, self._port, ssl_context=self._ssl_context)
            await site.start()
        except BaseException:
            await self.close()
            raise
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and end every pause."""
        runner, self._runner = self._runner, None
        if runner is not None:
            self._closing.set()
            await runner.cleanup()

    async def pause(self, seconds: float) -> bool:
        """Let so many seconds pass; whether the listener is still open after them.

        Handlers wait in here and nowhere else, so that closing never waits for a handler.
        """
        if seconds > 0:
            with anyio.move_on_after(seconds):
                await self._closing.wait()
        return not self._closing.is_set()
