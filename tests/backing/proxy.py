"""A way to a server that is cut at any byte of what is said over it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self


class Proxy:
    """A Unix socket that leads to another one.

    Args:
        place: Where it listens.
        server: Where it leads.

    Attributes:
        carried: The bytes that went through, in both directions.
        connections: How many were made.

    """

    def __init__(self, place: Path, server: Path) -> None:
        self._place = place
        self._server = server
        self._left: int | None = None
        self._open = set[asyncio.StreamWriter]()
        self._pumps = set[asyncio.Task[None]]()
        self.carried = 0
        self.connections = 0

    async def __aenter__(self) -> Self:
        """Listen."""
        self._place.parent.mkdir(parents=True, exist_ok=True)
        self._listener = await asyncio.start_unix_server(self._connected, self._place)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cut what is open, and listen no more."""
        self._listener.close()
        self.cut()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._place.unlink(missing_ok=True)

    def cut_after(self, carried: int) -> None:
        """Let so many bytes through from now on, and then cut all that is open, once."""
        self._left = carried
        if carried == 0:
            self.cut()

    @property
    def is_cut(self) -> bool:
        """Whether the cut that was ordered is done."""
        return self._left is None

    def heal(self) -> None:
        """Take back the order to cut."""
        self._left = None

    def cut(self) -> None:
        """Cut all that is open; what comes next goes through."""
        self._left = None
        for writer in self._open:
            writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        with suppress(OSError):  # the server may be down: whoever connected is told by the end
            there, to_there = await asyncio.open_unix_connection(self._server)
            self._open.add(to_there)
            for pump in (self._pump(reader, to_there), self._pump(there, writer)):
                task = asyncio.create_task(pump)
                self._pumps.add(task)
                task.add_done_callback(self._pumps.discard)
            return
        self._end(writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                self._carry(data, writer)
        self._end(writer)

    def _carry(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        self.carried += len(data)
        if not writer.is_closing():
            writer.write(data)  # what is in the buffer is sent before the end
        if self._left == 0:
            self.cut()

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        writer.close()
