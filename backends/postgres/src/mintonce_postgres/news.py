"""What is known to be there: digests of values, as they were read and as changes are told."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import NamedTuple
from weakref import WeakValueDictionary

_ROOM = 1_000  # keys of which to remember something: a program waits for very few


class _Known(NamedTuple):
    """A digest. Another object each time, so that one can see that there was news."""

    digest: str


class Mark(NamedTuple):
    """What was known before reading; see `News.note`."""

    age: int
    known: _Known | None


def digest_of(value: bytes | None) -> str:
    """Return what tells this value from others; of absence, too."""
    return "-" if value is None else sha256(value).hexdigest()


class News:
    """What one connection has told so far, and who waits for more.

    Everything is forgotten when the connection is lost, since something may have been missed.
    """

    def __init__(self) -> None:
        self._age = 0
        self._listening = False
        self._known: dict[str, _Known] = {}
        # An event goes away with the last who waits for it.
        self._waited_for: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    def mark(self, key: str) -> Mark:
        """Return what to hand to `note` after reading."""
        return Mark(self._age, self._known.get(key))

    def note(self, key: str, value: bytes | None, mark: Mark) -> None:
        """Remember what was read, unless something was told in between: that may be newer."""
        if self._listening and mark.age == self._age and mark.known is self._known.get(key):
            self._put(key, digest_of(value))

    def tell(self, key: str, digest: str) -> None:
        """Remember what was told, and wake those who wait."""
        self._put(key, digest)

    def begin(self) -> None:
        """Listen from now on: what is read from now on can be relied on until there is news."""
        self._forget()
        self._listening = True

    def end(self) -> None:
        """Listen no more: forget everything, and wake everybody."""
        self._listening = False
        self._forget()

    def knows(self, key: str) -> bool:
        """Whether there is no need to read in order to know what is there."""
        return key in self._known

    async def differs(self, key: str, value: bytes | None) -> None:
        """Return when something else than this value is there, or when that is not known."""
        digest = digest_of(value)
        while (known := self._known.get(key)) and known.digest == digest:
            event = self._waited_for.setdefault(key, asyncio.Event())
            await event.wait()

    def _forget(self) -> None:
        self._age += 1
        self._known.clear()
        for event in list(self._waited_for.values()):
            event.set()

    def _put(self, key: str, digest: str) -> None:
        if len(self._known) >= _ROOM:
            self._forget()
        self._known[key] = _Known(digest)
        if event := self._waited_for.pop(key, None):
            event.set()
