"""One value in a store, read and changed by compare-and-swap. Nothing else touches a store."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable
from types import NoneType
from typing import Generic, NamedTuple, TypeVar

from mintonce import codec
from mintonce.cancellation import is_asked_for
from mintonce.errors import MintonceError, StoreError, StoreUnavailable
from mintonce.foreign import stand_in
from mintonce.herald import Teller, log
from mintonce.limits import time_limit
from mintonce.place import place
from mintonce.stores.protocol import PushingStore, TokenStore

T = TypeVar("T")
R = TypeVar("R")

STORE_TIMEOUT = 5.0
"""Seconds after which a store that does not answer counts as failed."""

_TURNS = 1_000  # lost races after which it is the store that is wrong, and not the others

_STRIKES = 20  # in a row, since a value that others made and removed meanwhile looks like one

_writes = itertools.count()  # one for all: there may be thousands of cells, of the same writer


class Seen(NamedTuple, Generic[T]):
    """What was in a cell: the bytes to compare with, and what they mean."""

    raw: bytes | None
    value: T

    def __repr__(self) -> str:
        return f"Seen(…, {self.value!r})"  # there is a token in the bytes


class _Doubt(NamedTuple):
    """A swap that the store refused, and how often it then held what that named after all."""

    raw: bytes | None
    strikes: int
    looked: bool = False

    def __repr__(self) -> str:
        return f"_Doubt(…, {self.strikes})"  # as above


class Cell(Generic[T]):
    """A dataclass with defaults, kept under one key of a store.

    Args:
        store: Where it is kept.
        key: Under which name.
        kind: The dataclass; absence reads as ``kind()``.
        writer: Unique to this process among all that share the store.
        ttl: Seconds after which a value is worthless.
        precious: Bytes that cannot be read are an error instead of being put aside.
        tell: Takes what others want to know.

    """

    __slots__ = (
        *("_doubt", "_kind", "_precious", "_pushing", "_tell", "_ttl", "_writer"),
        *("key", "store"),
    )

    def __init__(
        self,
        store: TokenStore,
        key: str,
        kind: type[T],
        *,
        writer: str,
        ttl: Callable[[T], float],
        precious: bool = False,
        tell: Teller = log,
    ) -> None:
        self.store: TokenStore = store
        self._pushing = store if isinstance(store, PushingStore) else None
        self.key: str = key
        self._kind = kind
        self._writer = writer
        self._ttl = ttl
        self._precious = precious
        self._tell = tell
        self._doubt: _Doubt | None = None

    async def read(self, seen: Seen[T] | None = None) -> Seen[T]:
        """Return what is there; `seen` again if that still is.

        Raises:
            StoreError: The store failed, or something precious cannot be read.

        """
        doubt = self._doubt
        raw = await self._read(self.key)
        if doubt and doubt is self._doubt:  # what was refused since may have been rightly so
            self._doubt = self._looked(doubt, self.key, raw)
        if raw is None:
            return Seen(None, self._kind())
        if seen and raw == seen.raw:
            return seen  # who waits for a change looks at the same bytes many times
        try:
            return Seen(raw, codec.load(self._kind, raw))
        except codec.Unreadable as problem:
            await self._put_aside(raw, problem)
            return Seen(raw, self._kind())

    async def swap(self, seen: Seen[T], value: T) -> Seen[T] | None:
        """Put `value` in the place of what was seen; None if something else is there by now.

        Raises:
            StoreError: It was not done, or cannot be known.

        """
        # The process id too: a forked child counts on from where its parent was.
        writer = f"{self._writer}-{os.getpid()}-{next(_writes)}"
        raw = codec.dump(value, writer=writer)
        try:
            done = await self._swap(self.key, seen.raw, raw, value)
        except StoreError:
            # The answer may be lost and the swap done. What is there now tells.
            there = await self._read(self.key)
            if there == seen.raw:
                raise
            done = there == raw
        else:
            self._doubt = None if done else _refused(self._doubt, seen.raw)
        return Seen(raw, value) if done else None

    async def update(self, change: Callable[[T], T | None], seen: Seen[T] | None = None) -> Seen[T]:
        """Apply `change` to what is there until it sticks, and return what is there then.

        Args:
            change: A pure function; None means that nothing needs to change.
            seen: What is believed to be there, to spare the first reading.

        Raises:
            StoreError: It was not done, or cannot be known.

        """
        seen = seen or await self.read()
        for _ in range(_TURNS):
            value = change(seen.value)
            swapped = seen if value is None else await self.swap(seen, value)
            if swapped:
                return swapped
            seen = await self.read()
        raise StoreError(f"{self.store!r} refused to change {self.key!r} {_TURNS} times")

    async def delete(self) -> None:
        """Remove the value, whatever it is, and what was put aside of it.

        Raises:
            StoreError: It was not done, or cannot be known.

        """
        for key in (self.key, self._aside):
            doubt: _Doubt | None = None
            while (raw := await self._read(key)) is not None:
                doubt = doubt and self._looked(doubt, key, raw)
                if await self._swap(key, raw, None):
                    break
                doubt = _refused(doubt, raw)
                await asyncio.sleep(0)

    async def changed(self, seen: Seen[T], *, within: float) -> bool:
        """Wait for something else than what was seen; False where it has to be polled for."""
        store = self._pushing
        if store is None:
            return False
        try:
            await self._ask(lambda: store.changed(self.key, seen.raw, within), (NoneType,))
        except StoreError:
            return False
        return True

    @property
    def _aside(self) -> str:
        return f"{self.key}-corrupt"

    def _looked(self, doubt: _Doubt, key: str, raw: bytes | None) -> _Doubt | None:
        if raw != doubt.raw:
            return None
        strikes = doubt.strikes + (not doubt.looked)
        if strikes < _STRIKES:
            return _Doubt(raw, strikes, looked=True)
        self._doubt = None
        raise StoreError(
            f"{self.store!r} answers False to a swap of {key!r} although it still holds what the"
            " swap named: run the contract of mintonce.testing on it"
        )

    async def _put_aside(self, raw: bytes, problem: codec.Unreadable) -> None:
        where = f"{self.key!r} in {self.store!r}"
        if self._precious:
            raise StoreError(
                f"{where} cannot be read: {problem}. Counting from zero would break the budget:"
                " restore it, or remove it if you accept that"
            )
        there = await self._read(self._aside)
        if there != raw and await self._swap(self._aside, there, raw):
            from mintonce.events import RecordPutAside  # noqa: PLC0415 - told seldom

            self._tell(RecordPutAside(where=where, message=str(problem), aside=self._aside))

    async def _read(self, key: str) -> bytes | None:
        return await self._ask(lambda: self.store.read(key), (bytes, NoneType))

    async def _swap(
        self, key: str, old: bytes | None, new: bytes | None, value: T | None = None
    ) -> bool:
        ttl = self._ttl(self._kind() if value is None else value)
        return await self._ask(lambda: self.store.swap(key, old, new, ttl=ttl), (bool,))

    async def _ask(self, call: Callable[[], Awaitable[R]], kinds: tuple[type, ...]) -> R:
        # Anybody can write a store. Whatever comes out of it, callers need to know one root only.
        try:
            async with time_limit(STORE_TIMEOUT):
                answer = await call()
        except TimeoutError:
            raise StoreUnavailable(
                f"{self.store!r} did not answer within {STORE_TIMEOUT:g} s"
            ) from None
        except MintonceError:
            raise
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_asked_for():
                raise
            what, cause = f"{type(error).__name__}{place(error, self.store)}", stand_in(error)
        else:
            if isinstance(answer, kinds):
                return answer
            raise StoreError(f"{self.store!r} answered with {type(answer).__name__}")
        # Raised out here, so that what the store said does not come along as the context.
        raise StoreError(f"{self.store!r} failed with {what}") from cause


def _refused(doubt: _Doubt | None, raw: bytes | None) -> _Doubt:
    return _Doubt(raw, doubt.strikes if doubt and doubt.raw == raw else 0)
