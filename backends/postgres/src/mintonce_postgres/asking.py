"""One statement put to the server, until what became of it is certain, or cannot be known."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import asyncpg

from mintonce.errors import StoreError, StoreUnavailable
from mintonce.foreign import ForeignError, stand_in
from mintonce.limits import time_limit
from mintonce_postgres import failures
from mintonce_postgres.line import prepare
from mintonce_postgres.link import Link
from mintonce_postgres.statements import Statements

PATIENCE = 3.0
"""Seconds after which a statement without an answer counts as lost: less than a manager waits."""

_SWEEPING = 0.5  # seconds; what is left is swept another time
_CREATING = 3  # attempts to create the table, while others do the same

T = TypeVar("T")


class Sent(Exception):
    """The statement was on its way when the connection was lost, so it may have been done."""


class Asking:
    """Puts statements to one server, for one table.

    Args:
        link: The way to it.
        sql: The statements.
        where: What to call the server in messages.

    """

    def __init__(self, link: Link, sql: Statements, where: str) -> None:
        self._link = link
        self._sql = sql
        self._where = where

    async def listen(self) -> None:
        """Listen from now on; StoreUnavailable if that is not possible, so that callers poll."""
        await self._answered(self._link.line.open, harmless=True)
        if not self._link.line.is_open:
            raise StoreUnavailable(f"{self._where}: nobody can listen through this pool")

    async def read(self, key: str, *, listen: bool) -> bytes | None:
        """Read; and listen first, so that what is read need not be read again to be waited on."""

        async def look() -> bytes | None:
            if listen:
                await self._link.line.open()
            mark = self._link.news.mark(key)
            row = await self._once(self._sql.read, key)
            value = None if row is None else bytes(row[0])
            self._link.news.note(key, value, mark)
            return value

        return await self._answered(look, harmless=True)

    async def is_done(self, sql: str, *args: object, harmless: bool = False) -> bool:
        """Say whether the statement gave a row: then it did what it is for."""
        row = await self._answered(lambda: self._once(sql, *args), harmless=harmless)
        return row is not None

    async def sweep(self) -> None:
        """Remove some worthless rows, unless that takes long or fails."""
        with suppress(TimeoutError, StoreError, Sent, *failures.KNOWN):
            async with asyncio.timeout(_SWEEPING):
                await self._once(self._sql.sweep)

    async def _once(self, sql: str, *args: object) -> asyncpg.Record | None:
        is_sent = False
        try:
            async with self._link.connection() as connection:
                statement = await prepare(connection, sql)
                is_sent = True
                return await statement.fetchrow(*args)
        except failures.LOST as error:
            # Also if it comes from handing back the connection: that says nothing of the statement.
            if is_sent:
                raise Sent from error
            raise

    async def _answered(self, act: Callable[[], Awaitable[T]], *, harmless: bool) -> T:
        try:
            async with time_limit(PATIENCE):
                return await self._certain(act, harmless=harmless)
        except TimeoutError:
            self._link.silent()
            problem: StoreError = StoreUnavailable(
                f"{self._where}: it did not answer within {PATIENCE:g} s"
            )
            cause: ForeignError | None = None
        except (Sent, *failures.KNOWN) as error:
            said = _said(error)
            problem, cause = failures.told(said, self._where), stand_in(said)
        # Raised out here, so that what the driver said does not come along as the context.
        raise problem from cause

    async def _certain(self, act: Callable[[], Awaitable[T]], *, harmless: bool) -> T:
        created, again = 0, True
        while True:
            try:
                found = await act()
            except failures.AGAIN:
                pause = random.uniform(0, 0.01)  # noqa: S311 - to keep many from acting in step
            except failures.MISSING:
                if created == _CREATING:
                    raise
                created, pause = created + 1, None
            except (Sent, *failures.LOST) as error:
                self._link.lost(_said(error))
                # It may have been idle for long, and cut by a restart or by the network.
                if not again or (isinstance(error, Sent) and not harmless):
                    raise
                again, pause = False, 0
            else:
                self._link.answered()
                return found
            await (self._create() if pause is None else asyncio.sleep(pause))

    async def _create(self) -> None:
        with suppress(*failures.THERE):
            try:
                await self._execute(self._sql.table)
            except asyncpg.InvalidSchemaNameError:
                await self._execute(f"{self._sql.schema};\n{self._sql.table}")

    async def _execute(self, sql: str) -> None:
        async with self._link.connection() as connection:
            with suppress(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)
                return
        raise StoreError(
            f"{self._where}: the table {self._sql.place} is missing, and this user may not create"
            f" it: have it created by what '{self._sql.place.command}' prints"
        )


def _said(error: BaseException) -> BaseException:
    return error.__cause__ or error if isinstance(error, Sent) else error
