"""What was heard over one connection: the newest state of each value, as a digest."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import islice
from typing import Any

from redis.exceptions import NoPermissionError


class Hearing:
    """Remembers what was told last on each channel, and wakes those who wait for something else.

    The server tells of all changes in the order in which it makes them, and answers in between. So
    what came last over a connection is what was there last, and nobody needs to look once more.
    """

    def __init__(self) -> None:
        self._channels: dict[bytes, bool] = {}  # and whether the server has agreed to it
        self._refused: dict[bytes, Exception] = {}
        self._latest: dict[bytes, bytes] = {}
        self._news: dict[bytes, asyncio.Event] = {}
        self._waiting = Counter[bytes]()

    def __len__(self) -> int:
        return len(self._channels)

    @property
    def waiting(self) -> int:
        """How many wait for something else."""
        return self._waiting.total()

    def begin(self, channel: bytes) -> bool:
        """Tell whether somebody has to subscribe, and count on it from now on."""
        if channel in self._channels or isinstance(self._refused.get(channel), NoPermissionError):
            return False
        self._refused.pop(channel, None)
        self._channels[channel] = False
        return True

    def begun(self, channel: bytes, answer: Any) -> None:
        """Take what the server says to that."""
        if isinstance(answer, Exception):
            self._channels.pop(channel, None)
            self._refused[channel] = answer
        elif channel in self._channels:
            self._channels[channel] = True

    def check(self, channel: bytes) -> None:
        """Raise what the server said, if it let nobody listen."""
        if channel in self._refused:
            raise self._refused[channel].with_traceback(None)

    def spare(self, most: int) -> list[bytes]:
        """Forget up to two that nobody waits for, if there are more than `most`; return them."""
        spare: list[bytes] = []
        for channel in [*islice(self._channels, 2)] if len(self) > most else []:
            is_heard = self._channels.pop(channel)
            if is_heard and channel not in self._waiting:
                self._latest.pop(channel, None)
                spare.append(channel)
            else:  # its turn comes again after all others
                self._channels[channel] = is_heard
        return spare

    def knows(self, channel: bytes) -> bool:
        """Tell whether it is known what is there now."""
        return channel in self._latest

    def note(self, channel: bytes, digest: bytes) -> None:
        """Remember that this is there now, if all is heard that comes after it."""
        if self._channels.get(channel) and self._latest.get(channel) != digest:
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
        self._waiting[channel] += 1
        try:
            while self._latest.get(channel) == digest:
                await self._news.setdefault(channel, asyncio.Event()).wait()
        finally:
            self._waiting[channel] -= 1
            if not self._waiting[channel]:
                del self._waiting[channel]
                self._news.pop(channel, None)

    def _wake(self, channel: bytes) -> None:
        if event := self._news.pop(channel, None):
            event.set()
