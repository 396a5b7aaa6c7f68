"""The connection that hears of changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from mintonce.limits import time_limit
from mintonce_postgres import failures
from mintonce_postgres.news import News

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy
    from asyncpg.prepared_stmt import PreparedStatement

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

SESSION = "SELECT pg_backend_pid()"
"""Which process of the server runs our statements."""

IDLE = 10.0
"""Seconds after which a connection is closed that nobody needs."""

SILENCE = 1.5
"""Seconds without an answer after which a connection counts as lost: leaves time for another."""


async def prepare(connection: Connection, sql: str) -> PreparedStatement[asyncpg.Record]:
    """Have a statement ready, without a name, so that poolers need not know of it.

    Nothing is done by this step, so it may be repeated. It shows whether anybody is there.

    Raises:
        TimeoutError: Nobody answers: a network may lose a connection without telling.

    """
    async with time_limit(SILENCE):
        return await connection.prepare(sql, name="")


@contextmanager
def use(connection: Connection) -> Iterator[None]:
    """Tell whatever goes wrong over a lost connection as its loss: the driver may trip over it."""
    try:
        yield
    except failures.KNOWN:
        raise
    except Exception as error:
        if not _is_lost(connection):
            raise
        raise asyncpg.ConnectionDoesNotExistError("the connection is lost") from error


def _is_lost(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken it back
        return True


def hang_up(connection: Connection) -> None:
    """Close it at once; nothing if it is lost, which the pool may have noticed by itself."""
    with suppress(asyncpg.InterfaceError):  # the pool has taken it back
        connection.terminate()


class Line:
    """One connection of a pool that listens, however many wait; and statements can use it too.

    Args:
        pool: Where it comes from. The last connection that is to be had there is never taken.
        channel: Where changes are told.
        news: Whom to tell of them.

    Attributes:
        deaf: Nothing can be heard through this pool, because there is a pooler in between that
            hands each transaction to another session.

    """

    def __init__(self, pool: Pool, channel: str, news: News) -> None:
        self._pool = pool
        self._channel = channel
        self._news = news
        self._opening = asyncio.Lock()
        self._connection: Connection | None = None
        self._busy = False
        self._waiters = 0
        self._used = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.deaf: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._connection is not None

    async def open(self) -> None:
        """Listen, if that is possible and does not happen yet."""
        if self._is_settled():
            return
        async with self._opening:
            if self._is_settled() or self._is_last():
                return
            connection = await self._pool.acquire()
            try:
                if not self._is_last(mine=1):
                    with use(connection):
                        await self._listen(connection)
            except BaseException:
                hang_up(connection)
                raise
            if not self.is_open:
                await self._pool.release(connection, timeout=1)

    async def _listen(self, connection: Connection) -> None:
        # A pooler says hello in the name of a process of which the server does not know.
        statement = await prepare(connection, SESSION)
        if await statement.fetchval() != connection.get_server_pid():
            self.deaf = True
            return
        await connection.add_listener(self._channel, self._hear)
        connection.add_termination_listener(lambda _: self.drop(connection))
        self._connection = connection
        self._news.begin()
        self._touch()
        self._rest()

    def borrow(self) -> Connection | None:
        """Return the connection if it is free, for one statement."""
        connection = self._connection
        if connection is None or self._busy:
            return None
        if connection.is_closed():
            self.close()
            return None
        self._busy = True
        return connection

    def give_back(self, connection: Connection) -> None:
        """Have it free again, which was borrowed; nothing if there is another one by now."""
        if connection is self._connection:
            self._busy = False
            self._touch()

    def drop(self, connection: Connection) -> None:
        """Hang up on this one; if there is another one by now, that stays."""
        if connection is self._connection:
            self.close()
        else:
            hang_up(connection)

    def doubt(self) -> None:
        """Hang up, unless a statement is under way that will show whether anybody is there."""
        if not self._busy:
            self.close()

    def enter(self) -> None:
        """Keep it open from now on, for one more who waits."""
        self._waiters += 1

    def leave(self) -> None:
        """Let go of it: one who waited does so no more."""
        self._waiters -= 1
        self._touch()

    def close(self) -> None:
        """Hang up; those who wait return. The pool makes another one when it needs one."""
        connection, self._connection, self._busy = self._connection, None, False
        if self._timer:
            self._timer.cancel()
        if connection is not None:
            hang_up(connection)
        self._news.end()

    def _is_settled(self) -> bool:
        return self.deaf or self.is_open

    def _is_last(self, *, mine: int = 0) -> bool:
        pool = self._pool
        in_use = pool.get_size() - pool.get_idle_size() - mine
        return pool.get_max_size() - in_use < 2  # noqa: PLR2004 - this one, and one for statements

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        key, _, digest = str(payload).partition(" ")
        self._news.tell(key, digest)

    def _touch(self) -> None:
        self._used = asyncio.get_running_loop().time()

    def _rest(self) -> None:
        loop = asyncio.get_running_loop()
        needed = self._waiters or self._busy
        left = IDLE if needed else self._used + IDLE - loop.time()
        if left > 0:
            self._timer = loop.call_later(left, self._rest)
        else:
            self.close()
