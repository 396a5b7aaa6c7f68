"""A way to a server through TLS, which the server itself does not speak."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import trustme


class Place(NamedTuple):
    """Where TLS is spoken, and who vouches for it."""

    port: int
    ca: Path


@asynccontextmanager
async def tls_to(server: Path, directory: Path) -> AsyncIterator[Place]:
    """Lead from a port, with a certificate for localhost, to a Unix socket."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    ca = directory / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    pumps: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_unix_connection(server)
        for pump in (_pump(reader, to_there), _pump(there, writer)):
            pumps.add(asyncio.create_task(pump))

    listener = await asyncio.start_server(connected, "localhost", 0, ssl=context)
    try:
        yield Place(listener.sockets[0].getsockname()[1], ca)
    finally:
        listener.close()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
