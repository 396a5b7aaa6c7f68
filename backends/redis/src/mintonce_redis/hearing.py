"""What was heard over one connection: the newest state of each value, as a digest."""

from __future__ import annotations

import asyncio
from typing import Any


class Hearing:
    """Remembers what was told last on each channel, and wakes those who wait for something else.

    The server tells of all changes in the order in which it makes them, and answers in between. So
    what came last over a connection is what was there last, and nobody needs to look once more.

    Attributes:
        waiting: How many wait for something else.

    """

    def __init__(self) -> None:
        self._channels: set[bytes] = set()
        self._refused: dict[bytes, Exception] = {}
        self._latest: dict[bytes, bytes] = {}
        self._news: dict[bytes, asyncio.Event] = {}
        self.waiting: int = 0

    def __len__(self) -> int:
        return len(self._channels)

    def begin(self, channel: bytes) -> bool:
        """Tell whether somebody has to subscribe, and count on it from now on."""
        if channel in self._channels or channel in self._refused:
            return False
        self._channels.add(channel)
        return True

    def begun(self, channel: bytes, answer: Any) -> None:
        """Take what the server says to that."""
        if isinstance(answer, Exception):
            self._channels.discard(channel)
            self._refused[channel] = answer

    def check(self, channel: bytes) -> None:
        """Raise what the server said, if it let nobody listen."""
        if channel in self._refused:
            raise self._refused[channel].with_traceback(None)

    def knows(self, channel: bytes) -> bool:
        """Tell whether it is known what is there now."""
        return channel in self._latest

    def note(self, channel: bytes, digest: bytes) -> None:
        """Remember that this is there now, if all is heard that comes after it."""
        if channel in self._channels and self._latest.get(channel) != digest:
            self._latest[channel] = digest
            self._wake(channel)

    def forget(self) -> None:
        """Forget all, and wake everybody: from now on nobody knows."""
        self._channels.clear()
        self._latest.clear()
        for channel in [*self._news]:
            self._wake(channel)

    async def other_than(self, channel: bytes, digest: bytes) -> None:
        """Return when something else is there, or nobody knows."""
        self.waiting += 1
        try:
            while self._latest.get(channel) == digest:
                await self._news.setdefault(channel, asyncio.Event()).wait()
        finally:
            self.waiting -= 1

    def _wake(self, channel: bytes) -> None:
        if event := self._news.pop(channel, None):
            event.set()
