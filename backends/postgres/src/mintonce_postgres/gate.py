"""How connections are made: in limited time, and not too often while that fails."""

from __future__ import annotations

import asyncio
import copy
import random
import socket
from collections import deque
from contextlib import suppress
from typing import Any, TypeAlias
from weakref import WeakSet

import asyncpg

from mintonce.errors import StoreError
from mintonce.foreign import stand_in
from mintonce_postgres import failures
from mintonce_postgres.opening import Address
from mintonce_postgres.tls import useless_file

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CONNECTING = 1.5
"""Seconds after which a server that does not let us in counts as away."""

CONNECTIONS = 4
"""Connections that a store opens at most in one process."""

_FIRST, _LONGEST = 0.02, 0.5  # seconds without another attempt, after one that failed


_NOT_THIS_ONE = (*failures.LOST, asyncpg.CannotConnectNowError)  # but another host may do


class Gate:
    """Connects to one server; whoever comes too soon after a failure is told of that instead.

    So a thousand callers cause a few attempts while the server is away, and none of them waits.
    Of several hosts, the one that worked last is tried first, and each has its share of the time.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._dsns = deque(address.dsns)
        self._made = WeakSet[Connection]()
        self._pause = _FIRST
        self._lost = 0
        self._closed_until = 0.0
        self._problem: StoreError | None = None

    async def connect(self, *_: object, **options: Any) -> Connection:
        """Connect; what a pool of asyncpg calls for it.

        Raises:
            StoreError: It cannot be reached, or something has to be mended first.

        """
        time = asyncio.get_running_loop().time
        if self._problem and time() < self._closed_until:
            raise copy.copy(self._problem)
        try:
            connection = await self._to_any(**options)
        except (*failures.KNOWN, UnicodeError) as error:
            problem, cause = self._told(error), stand_in(error)
        else:
            self._made.add(connection)
            return connection
        self._close(problem)
        raise problem from cause

    def answered(self) -> None:
        """Take note that the server works, which a connection alone does not show."""
        self._lost, self._pause, self._problem = 0, _FIRST, None

    def lost(self, error: BaseException) -> None:
        """Take note of a connection that was lost; make none for a while if that goes on.

        All may have been cut while they were idle, but then the next one is answered.
        """
        self._lost += 1
        if self._lost > CONNECTIONS:
            self._close(self._told(error))

    def _close(self, problem: StoreError) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._closed_until:  # several may have tried at once
            self._closed_until = now + self._pause * random.uniform(0.5, 1)  # noqa: S311 - to keep many from acting in step
            self._pause = min(2 * self._pause, _LONGEST)
        self._problem = problem

    def hang_up(self) -> None:
        """Tell the server that nobody comes back, where the loop that could do so is closed."""
        for connection in list(self._made):
            transport = getattr(connection, "_transport", None)  # the driver shows it to nobody
            if transport and (wire := transport.get_extra_info("socket")):
                with suppress(OSError, TypeError):  # it is closed; or uvloop has done so by itself
                    wire.shutdown(socket.SHUT_RDWR)

    def _told(self, error: BaseException) -> StoreError:
        where = self._address.label
        # A socket that is missing, because the server is away, looks the same as a missing file.
        if isinstance(error, OSError) and (option := useless_file(self._dsns[0])):
            return StoreError(
                f"{where}: the file of {option} is missing, cannot be read, or does not hold what"
                f" it should: mend it, or its name in the URL ({type(error).__name__})"
            )
        return failures.told(error, where)

    async def _to_any(self, **options: Any) -> Connection:
        time = asyncio.get_running_loop().time
        until, left = time() + CONNECTING, deque(self._dsns)
        while True:
            dsn, share = left[0], (until - time()) / len(left)
            try:
                return await asyncpg.connect(dsn, timeout=share, statement_cache_size=0, **options)
            except _NOT_THIS_ONE:
                left.popleft()
                if self._dsns[0] == dsn:  # others may have found that out at the same time
                    self._dsns.rotate(-1)
                if not left:
                    raise
