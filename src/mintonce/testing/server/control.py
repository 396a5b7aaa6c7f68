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

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol, cast
from urllib.parse import parse_qs

from aiohttp import web

from mintonce.testing.server.faults import Fault
from mintonce.testing.server.reply import Reply

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
            order = _Order.read(await request.read())
        except ValueError as error:
            return _refused(str(error))
        self._server.fail(order.fault, times=order.times)
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


class _Order(NamedTuple):
    """A fault, and how often."""

    fault: Fault
    times: int | None

    @classmethod
    def read(cls, body: bytes) -> _Order:
        """Make sense of a body; ``ValueError`` says what is wrong with it."""
        try:
            found = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"the body is no JSON: {error}") from error
        if not isinstance(found, dict) or "fault" not in found:
            raise ValueError(f'the body must be like {{"fault": "empty"}}; {_known()}')
        order = cast("Mapping[str, Any]", found)
        times = order.get("times", 1)
        if times is not None and type(times) is not int:
            raise ValueError(f"times must be a whole number, or null for ever, not {times!r:.40}")
        return cls(_fault(order["fault"], order.get("options", {})), times)


def _fault(name: object, options: Any) -> Fault:
    make = _FAULTS.get(name) if isinstance(name, str) else None
    if make is None:
        raise ValueError(f"no such fault: {name!r:.40}; {_known()}")
    takes = ", ".join(inspect.signature(make).parameters) or "no options"
    try:
        fault = make(**options)
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"Fault.{name} takes {takes}: {error}") from error
    if not _can_be_sent(fault):
        raise ValueError(f"Fault.{name} takes {takes}: one of these is of the wrong type")
    return fault


def _can_be_sent(fault: Fault) -> bool:
    """Whether its parts are of their types, which JSON does not see to."""
    reply, parts = fault.answer, list[tuple[object, Any]]([(fault.delay, int | float)])
    if isinstance(reply, Reply):
        parts += [(reply.status, int), (reply.body, bytes), (reply.content_type, str)]
        parts += [(text, str) for text in reply.headers.values()]
    return all(isinstance(part, kind) for part, kind in parts)


def _known() -> str:
    return f"known are {', '.join(_FAULTS)}"


def _refused(message: str) -> web.Response:
    return web.Response(status=400, text=f"{message}\n")
