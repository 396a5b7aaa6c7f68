"""All that is bound to one event loop: the pool, the line, and what is known over it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg

from mintonce.errors import StoreError, StoreUnavailable, UsageError
from mintonce_postgres import failures
from mintonce_postgres.gate import CONNECTIONS, Gate
from mintonce_postgres.line import IDLE, Connection, Line, Pool, hang_up, use
from mintonce_postgres.news import News
from mintonce_postgres.opening import Address

_CLOSING = 1.0  # seconds to close in good order

_inherited: list[object] = []  # of the parent process: never used, never closed


class Link:
    """A pool in the loop that runs, and the line for one channel.

    Args:
        pool: Ready for use.
        channel: Where changes are told.
        gate: Makes the connections of the pool, if that is our own: then nobody else uses it, it is
            closed with the link, and listened on from the start.

    """

    def __init__(self, pool: Pool, channel: str, *, gate: Gate | None = None) -> None:
        self.pool: Pool = pool
        self.gate: Gate | None = gate
        self.own: bool = gate is not None
        self.news: News = News()
        self.line: Line = Line(pool, channel, self.news)
        self._pid = os.getpid()

    @property
    def is_ours(self) -> bool:
        """Whether this process made it, and not its parent."""
        return self._pid == os.getpid()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Have a connection for one statement."""
        self._check()
        if connection := self.line.borrow():
            try:
                with use(connection):
                    yield connection
            except BaseException as error:
                if not _is_answer(error):
                    self.line.drop(connection)
                raise
            finally:
                self.line.give_back(connection)
            return
        connection = await self.pool.acquire()
        try:
            with use(connection):
                yield connection
        except BaseException as error:
            # What was begun on it may still be under way, so nobody can use it any more.
            if not _is_answer(error):
                hang_up(connection)
            if isinstance(error, failures.READ_ONLY):
                self.line.close()
            raise
        finally:
            with suppress(*failures.KNOWN):  # what the statement said counts, and not this
                await self.pool.release(connection, timeout=_CLOSING)

    def _check(self) -> None:
        if self.pool.is_closing():
            if self.own:  # the next call makes another one
                raise StoreUnavailable("the store was closed by this program")
            raise StoreError("the pool of the store is closed")

    def answered(self) -> None:
        """Take note of an answer."""
        if self.gate:
            self.gate.answered()

    def lost(self, error: BaseException) -> None:
        """Take note that a connection was lost before the answer."""
        if isinstance(error, TimeoutError):
            self.silent()
        if self.gate:
            self.gate.lost(error)

    def silent(self) -> None:
        """Take note that no answer came: whatever lost that connection may have lost the others.

        Those in use show by themselves whether anybody is there; no other one is used again.
        """
        self.line.doubt()
        for holder in getattr(self.pool, "_holders", ()):  # the driver shows them to nobody
            if getattr(holder, "_proxy", holder) is None:  # not in use
                holder.terminate()

    def end(self) -> None:
        """End all at once."""
        self.line.close()
        if self.own:
            self.pool.terminate()

    def abandon(self) -> None:
        """Close what can be closed after the loop was."""
        if self.gate:
            self.gate.hang_up()

    async def aclose(self) -> None:
        """Close in good order, if that does not take long."""
        self.line.close()
        if self.own:
            with suppress(TimeoutError, *failures.KNOWN):  # it may have been lost just now
                async with asyncio.timeout(_CLOSING):
                    await self.pool.close()
            self.pool.terminate()


def _is_answer(error: BaseException) -> bool:
    # A server that has become a replica says so as an answer, but the right one is elsewhere now.
    return isinstance(error, asyncpg.PostgresError) and not isinstance(
        error, (*failures.LOST, *failures.READ_ONLY)
    )


class Links:
    """One link per event loop; a loop that ends takes its own along.

    Args:
        make: Makes one in the loop that runs.

    """

    def __init__(self, make: Callable[[], Awaitable[Link]]) -> None:
        self._make = make
        self._links: dict[asyncio.AbstractEventLoop, tuple[Link, AsyncGenerator[None]]] = {}

    async def here(self) -> Link:
        """Return the one of this loop."""
        loop = asyncio.get_running_loop()
        link, _ = self._links.get(loop, (None, None))
        if link is None or not link.is_ours:
            self._tidy()
            link = await self._make()  # which connects to nothing, so nobody comes in between
            guard = self._until_the_end(loop, link)
            self._links[loop] = link, guard
            await anext(guard)
        return link

    def _tidy(self) -> None:
        for loop, (link, _) in list(self._links.items()):  # a copy: other threads have loops, too
            if not link.is_ours:
                _inherited.append(self._links.pop(loop, None))
            elif loop.is_closed():  # with nothing but close(), which calls no generator
                self._links.pop(loop, None)
                link.abandon()

    async def aclose(self) -> None:
        """Close the one of this loop."""
        link, guard = self._links.pop(asyncio.get_running_loop(), (None, None))
        if link and guard and link.is_ours:
            await link.aclose()
            await guard.aclose()

    async def _until_the_end(
        self, loop: asyncio.AbstractEventLoop, link: Link
    ) -> AsyncGenerator[None]:
        # A loop that is about to end closes the generators that are still open in it. There is no
        # other hook, and afterwards nothing of that loop can be closed.
        try:
            yield
        finally:
            self._links.pop(loop, None)
            link.end()


def lent(pool: Pool, channel: str) -> Callable[[], Awaitable[Link]]:
    """Return what makes a link over a pool that somebody else made, where it can be used."""
    pid = os.getpid()

    async def make() -> Link:
        loop = asyncio.get_running_loop()
        # Anywhere else, its connections are those over which somebody else talks to the server.
        if pid != os.getpid() or getattr(pool, "_loop", loop) is not loop:
            raise UsageError(
                "a pool belongs to the process and the event loop that made it;"
                " use PostgresStore.from_url"
            )
        if not getattr(pool, "_initialized", True):
            raise UsageError(
                "the pool of the store is not ready: await it, or enter it with async with"
            )
        return Link(pool, channel)

    return make


async def own_link(address: Address, channel: str) -> Link:
    """Make a link over a small pool that connects when it has to."""
    gate = Gate(address)
    pool = await asyncpg.create_pool(
        min_size=0,
        max_size=CONNECTIONS,
        max_inactive_connection_lifetime=IDLE,
        connect=gate.connect,
        reset=_nothing,  # no statement of ours leaves anything in a session
    )
    return Link(pool, channel, gate=gate)


async def _nothing(_connection: object) -> None:
    pass
