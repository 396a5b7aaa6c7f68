"""A server that says what a test has written for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

HELLO = b"%1\r\n$5\r\nproto\r\n:3\r\n"

Script = Callable[[list[bytes]], bytes]


@asynccontextmanager
async def scripted(place: Path, script: Script) -> AsyncIterator[str]:
    """Serve on a socket, and give the URL; the script answers all but the greeting."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                command = await _command(reader)
                writer.write(HELLO if command[0] == b"HELLO" else script(command))
                await writer.drain()
        writer.close()

    listener = await asyncio.start_unix_server(serve, place / "v.sock")
    try:
        yield f"unix://{place}/v.sock"
    finally:
        listener.close()


async def _command(reader: asyncio.StreamReader) -> list[bytes]:
    words = []
    for _ in range(int((await reader.readuntil(b"\r\n"))[1:])):
        length = int((await reader.readuntil(b"\r\n"))[1:])
        words.append((await reader.readexactly(length + 2))[:-2])
    return words


def subscribed(command: list[bytes]) -> bytes:
    """What a server answers to SUBSCRIBE."""
    channel = command[1]
    return b">3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" % (len(channel), channel)
