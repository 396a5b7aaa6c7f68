"""A server that answers whatever bytes it is told to, also what is not HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_string
from itertools import pairwise
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl

from forwarding import passes

TOKEN = "tok-3n-of-the-hostile-server"
GRANTED = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}


def http(status: int = 200, content: Any = GRANTED, **headers: str) -> bytes:
    """An HTTP response; what is not bytes goes as JSON, and ``_`` in a name stands for ``-``."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Hostile:
    """Takes requests, writes them down, and answers each with the same bytes.

    Attributes:
        answer: What is sent when a request has arrived.
        then: What follows: close the connection, break it off with a RST, or leave it open.
        tls: Speak TLS with it.
        greeting: What is sent to a client before it has said anything.
    cuts: Where the answer is cut into pieces that are sent one by one.
    pause: Seconds before each piece.
        requests: What arrived, as text.
        gone: Set when a client closed its connection.

    """

    answer: bytes = b""
    then: Literal["close", "reset", "hang"] = "close"
    tls: ssl.SSLContext | None = None
    greeting: bytes = b""
    cuts: Sequence[int] = ()
    pause: float = 0.0
    requests: list[str] = field(default_factory=list[str])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _open: dict[asyncio.Task[Any] | None, asyncio.StreamWriter] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.close()
        for serving, writer in [*self._open.items()]:
            writer.transport.abort()
            assert serving
            await asyncio.wait([serving])
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The token endpoint."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/token"

    @property
    def form(self) -> list[tuple[str, str]]:
        """The form of the last request, decoded."""
        return parse_qsl(self.requests[-1].partition("\r\n\r\n")[2], keep_blank_values=True)

    def header(self, name: str) -> str | None:
        """A header of the last request."""
        head = self.requests[-1].partition("\r\n\r\n")[0].partition("\r\n")[2]
        return message_from_string(head)[name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[asyncio.current_task()] = writer
        try:
            writer.write(self.greeting)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            self.requests.append((head + await reader.readexactly(length)).decode())
            self.arrived.set()
            await self._reply(reader, writer)
        except (OSError, EOFError):
            pass  # The client went away, which is for the test to judge.
        finally:
            self.gone.set()
            writer.close()
            del self._open[asyncio.current_task()]

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for start, end in pairwise([0, *sorted(self.cuts), len(self.answer)]):
            if self.pause:
                await passes(self.pause)
            writer.write(self.answer[start:end])
            await writer.drain()
        if self.then == "hang":
            await reader.read()
        if self.then == "reset":
            linger = struct.pack("ii", 1, 0)
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
