"""Those who belong together: each of them once, all of them closed with the first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar
from weakref import WeakSet, ref

_FEW = 64  # members that are kept without a look at what they do


class Closable(Protocol):
    """What can be a member.

    Attributes:
        _closed: Whether it has begun to close, and so is of no use to anybody who asks for it.

    """

    _closed: bool

    async def aclose(self) -> None:
        """Close it; once more does no harm."""
        ...


M = TypeVar("M", bound=Closable)


class Family(Generic[M]):
    """Finds the member with a key, or makes it.

    A member is kept while it is in use. After that it stays for those who hold it, and goes when
    nobody does: with ever new members this does not grow. One that closes is a member no more, and
    its key is free at once; yet the end of the head waits for it, as it may need the store.

    Args:
        key: The key of the first.
        head: The first, whose end is the end of all.
        is_in_use: Whether a member has anything that would be lost with it.

    Attributes:
        is_closed: Whether there will be no more members.

    """

    __slots__ = ("_head", "_is_in_use", "_key", "_leaving", "_members", "_room", "is_closed")

    def __init__(self, key: str, head: M, is_in_use: Callable[[M], bool]) -> None:
        self._key = key
        self._head = head
        self._is_in_use = is_in_use
        self._members: dict[str, M | ref[M]] = {}
        self._leaving: WeakSet[M] = WeakSet()  # what they do holds them
        self._room = _FEW
        self.is_closed: bool = False

    def of(self, key: str, make: Callable[[], M]) -> M:
        """Return the member with this key; if there is none that is open, make it."""
        if key == self._key:
            return self._head
        member = self._at(key)
        if member is not None and _is_closed(member):
            self._leaving.add(member)
            member = None
        if member is None:
            if len(self._members) >= self._room:
                self._let_go()
            member = make()
        self._members[key] = member
        return member

    async def end_of(self, key: str, member: object) -> None:
        """Forget a member that is closed; if it is the head, close all others, at the same time."""
        if member is not self._head:
            self._leaving = WeakSet(other for other in self._leaving if other is not member)
            if self._at(key) is member:
                del self._members[key]
            return
        self.is_closed = True
        members = [other for other in map(self._at, self._members) if other is not None]
        closing = [other.aclose() for other in (*members, *self._leaving)]
        for end in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(end, BaseException):
                raise end

    def _at(self, key: str) -> M | None:
        member = self._members.get(key)
        return member() if isinstance(member, ref) else member

    def _let_go(self) -> None:
        """Keep those that are in use; of the others, only know those that somebody holds."""
        known = {key: self._at(key) for key in self._members}
        self._members = {
            key: member if self._is_in_use(member) else ref(member)
            for key, member in known.items()
            if member is not None
        }
        # To look at all of them costs no more than to have made them.
        self._room = max(2 * len(self._members), _FEW)


def _is_closed(member: Closable) -> bool:
    # Of the protocol above, but of no concern to users.
    return member._closed  # noqa: SLF001 - as said # pyright: ignore[reportPrivateUsage] - as said
