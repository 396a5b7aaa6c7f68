"""PostgresStore: one row per key, replaced on a condition by one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg

from mintonce.errors import UsageError
from mintonce.stores.protocol import check_key
from mintonce_postgres.asking import Asking
from mintonce_postgres.link import Link, Links, lent, own_link
from mintonce_postgres.news import digest_of
from mintonce_postgres.opening import parse
from mintonce_postgres.statements import LONGEST_TTL, SCHEMA, TABLE, Place, Statements


class PostgresStore:
    """Keeps each value in a row of a table, which is created when it is missing.

    Every call is one statement, and nothing is held between calls: no transaction, no lock, and no
    connection but the one that listens for changes, while somebody waits and some seconds longer.

    Args:
        pool: Where connections come from, ready for use. It stays yours to close; close this store
            before it. Listening takes one of its connections, if that leaves another one free;
            otherwise those who wait look again and again. A pool belongs to the process and the
            event loop that made it, and so does this store: elsewhere it raises `UsageError`.
        schema: The schema of the table.
        table: The name of the table.

    Raises:
        UsageError: There is no pool, or a name cannot be one.

    """

    def __init__(
        self, pool: asyncpg.Pool[Any], *, schema: str = SCHEMA, table: str = TABLE
    ) -> None:
        if not isinstance(pool, asyncpg.Pool):
            raise UsageError("a PostgresStore needs an asyncpg.Pool; for a URL there is from_url")
        place = Place(schema, table)
        self._set_up(place, "the pool's server", lent(pool, place.channel))

    @classmethod
    def from_url(cls, url: str) -> PostgresStore:
        """Return a store that makes its own connections, when they are needed.

        Args:
            url: ``postgresql://user:password@host:5432/database``, with options as libpq knows
                them, and with ``schema`` and ``table`` among them.

        Raises:
            UsageError: The URL makes no sense.

        """
        address, place = parse(url)

        async def make() -> Link:
            return await own_link(address, place.channel)

        store = cls.__new__(cls)
        store._set_up(place, address.label, make)  # noqa: SLF001 - it is one of this class
        return store

    def _set_up(self, place: Place, where: str, make: Callable[[], Awaitable[Link]]) -> None:
        self._place = place
        self._where = where
        self._sql = Statements(place)
        self._links = Links(make)

    async def read(self, key: str) -> bytes | None:
        """Return what is kept under `key`, or None; see `TokenStore.read`."""
        check_key(key)
        link = await self._links.here()
        return await self._asking(link).read(key, listen=link.own)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Put `new` in the place of `old`; see `TokenStore.swap`.

        A caller that is cancelled leaves at once, and what was sent may still be done.
        """
        told = f"{check_key(key)} {digest_of(new)}"
        asking, sql = self._asking(await self._links.here()), self._sql
        ttl = min(LONGEST_TTL, max(ttl, 0.0))  # in this order, what is no number is the longest
        if new is None:
            if old is None:
                return await asking.is_done(sql.nothing, key, harmless=True)
            return await asking.is_done(sql.delete, key, told, old)
        if old is not None:
            return await asking.is_done(sql.replace, key, new, ttl, told, old)
        done = await asking.is_done(sql.create, key, new, ttl, told)
        if done:
            # As rows are created, so are they removed: there are never many that are worthless.
            await asking.sweep()
        return done

    async def changed(self, key: str, seen: bytes | None, timeout: float) -> None:
        """Return when the value is no longer `seen`; see `PushingStore.changed`.

        Raises:
            StoreUnavailable: The server cannot be reached, or nobody can listen through this pool:
                it has no connection to spare, or there is a pooler in between.

        """
        link = await self._links.here()
        link.line.enter()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    if not link.news.knows(check_key(key)):
                        asking = self._asking(link)
                        await asking.listen()
                        await asking.read(key, listen=True)
                    await link.news.differs(key, seen)
        finally:
            link.line.leave()

    async def aclose(self) -> None:
        """Close the connections that this store opened, in this event loop; who waits returns."""
        await self._links.aclose()

    def _asking(self, link: Link) -> Asking:
        return Asking(link, self._sql, self._where)

    def __repr__(self) -> str:
        place = self._place
        return f"PostgresStore({self._where!r}, schema={place.schema!r}, table={place.table!r})"


def from_url(url: str) -> PostgresStore:
    """Return the store that a ``postgresql:`` URL names; see `PostgresStore.from_url`."""
    return PostgresStore.from_url(url)
