"""The lines of one store in one event loop: one to each server, made when needed."""

from __future__ import annotations

import asyncio

from mintonce_redis.line import Line
from mintonce_redis.reasons import Lost
from mintonce_redis.routes import Door

_PATIENCE = 0.1  # seconds that a caller waits for the next attempt to connect


class Switchboard:
    """Keeps the lines that are open, and sees to it that a server that is away is left in peace."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._closed = False

    async def line(self, door: Door) -> Line:
        """Return a line to this door.

        Raises:
            RedisError: It could not be opened a moment ago, or all are being closed.

        """
        while True:
            if self._closed:
                raise Lost("closed by this program")
            line = self._lines.get(door.name)
            if line is None:
                return self._new(door)
            if line.lost is None:
                await line.check()
                if line.lost is None:
                    return line
            elif line.pause <= 0:
                return self._new(door, line.failures)
            elif line.pause > _PATIENCE:
                raise line.lost.with_traceback(None)
            else:
                await asyncio.sleep(line.pause)

    async def aclose(self) -> None:
        """Close all lines, and open none any more."""
        self._closed = True
        await asyncio.gather(*(line.aclose() for line in self._lines.values()))

    def _new(self, door: Door, failures: int = 0) -> Line:
        line = self._lines[door.name] = Line(door.name, door.open, failures=failures)
        return line
