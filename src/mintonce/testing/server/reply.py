"""What the server answers, and how an answer, or none at all, gets onto the wire."""

from __future__ import annotations

import json
import socket
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from aiohttp import web


class RawJson(str):
    """A JSON value that is sent letter for letter: ``RawJson("1e999")``, ``RawJson("NaN")``.

    Python would not write such a number; servers in the wild do.
    """

    __slots__ = ()


OMIT: Final = RawJson()
"""The value of a member that is left out."""

# What every answer with a token says (RFC 6749 section 5.1).
_NOT_STORED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer, in full.

    Attributes:
        status: The status code.
        body: The bytes that follow the head.
        content_type: What they are said to be.
        headers: All other headers.

    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def json(
        cls,
        members: Mapping[str, object],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A JSON object, with the headers of an answer that no cache may keep."""
        reply = cls(status=status, body=_object(members), headers=_NOT_STORED)
        return reply.with_headers(headers or {})

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """The same answer with more headers."""
        return replace(self, headers={**self.headers, **headers})


def _object(members: Mapping[str, object]) -> bytes:
    texts = {
        name: value if isinstance(value, RawJson) else json.dumps(value)
        for name, value in members.items()
        if value is not OMIT
    }
    return ("{" + ", ".join(f"{json.dumps(n)}: {text}" for n, text in texts.items()) + "}").encode()


def send(reply: Reply | None, request: web.BaseRequest) -> web.Response:
    """The answer for aiohttp to write; with no reply, the connection is reset on the spot."""
    if reply is None:
        _reset(request)
        return web.Response()
    return web.Response(
        status=reply.status,
        body=reply.body,
        content_type=reply.content_type,
        headers=reply.headers,
    )


def _reset(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is None:  # The client has gone already.
        return
    # To linger for zero seconds makes the kernel send RST where it would send FIN.
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
