"""What other processes may ask of the server, and tell it, over HTTP.

==================  ===========================================================================
``GET /stats``      ``{"requests": ..., "tokens": ..., "calls": ..., "rejections": ...}``
``POST /faults``    ``{"fault": "status", "options": {"status": 503}, "times": 2}``: the name of a
                    class method of ``Fault``, its arguments, and how often (``null``: for ever)
``DELETE /faults``  heal
``POST /revoke``    the form ``token=...``; with an empty body, every token
==================  ===========================================================================

Nobody is asked who they are: the server listens on loopback and guards nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final, Protocol
from urllib.parse import parse_qs

from aiohttp import web

from mintonce.testing.server.faults import Fault

_FAULTS: Final[Mapping[str, Callable[..., Fault]]] = {
    "body": Fault.body,
    "empty": Fault.empty,
    "expires_in": Fault.expires_in,
    "hang": Fault.hang,
    "html": Fault.html,
    "latency": Fault.latency,
    "lose_answer": Fault.lose_answer,
    "members": Fault.members,
    "oversized": Fault.oversized,
    "redirect": Fault.redirect,
    "reset": Fault.reset,
    "same_token": Fault.same_token,
    "status": Fault.status,
}


class _Controlled(Protocol):
    """The part of an ``AuthorizationServer`` that is reached from here."""

    def stats(self) -> Mapping[str, int]: ...
    def fail(self, fault: Fault, *, times: int | None = 1) -> None: ...
    def heal(self) -> None: ...
    def revoke(self, token: str) -> None: ...
    def revoke_all(self) -> None: ...


class Control:
    """Passes on to the server what comes in over HTTP."""

    def __init__(self, server: _Controlled) -> None:
        self._server = server

    def routes(self) -> list[web.RouteDef]:
        """The addresses in the table above."""
        return [
            web.get("/stats", self._stats),
            web.post("/faults", self._fail),
            web.delete("/faults", self._heal),
            web.post("/revoke", self._revoke),
        ]

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(self._server.stats())

    async def _fail(self, request: web.Request) -> web.Response:
        try:
            order = json.loads(await request.read())
            fault = _FAULTS[order["fault"]](**order.get("options", {}))
            self._server.fail(fault, times=order.get("times", 1))
        except (ValueError, TypeError, KeyError) as error:
            return _refused(f"no such fault: {error}; known are {', '.join(_FAULTS)}")
        return web.Response(status=204)

    async def _heal(self, _: web.Request) -> web.Response:
        self._server.heal()
        return web.Response(status=204)

    async def _revoke(self, request: web.Request) -> web.Response:
        body = await request.text()
        tokens = parse_qs(body).get("token", [])
        # A token in any other shape must not pass for none, which would revoke them all.
        if body and not tokens:
            return _refused("send a form with token=..., or nothing to revoke all")
        for token in tokens:
            self._server.revoke(token)
        if not tokens:
            self._server.revoke_all()
        return web.Response(status=204)


def _refused(message: str) -> web.Response:
    return web.Response(status=400, text=f"{message}\n")
