"""RedisStore: values in Valkey or Redis, swapped by a script, and told of by pub/sub."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import partial
from typing import Protocol, Self, TypeVar

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import (
    AskError,
    ClusterDownError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as Disconnected

from mintonce.errors import MintonceError, StoreError, StoreUnavailable, UsageError
from mintonce.foreign import ForeignError, stand_in
from mintonce.limits import time_limit
from mintonce.stores.protocol import check_key
from mintonce_redis import clients, failures, script, talk, urls
from mintonce_redis.line import Held, Line
from mintonce_redis.routes import Door, Route, may_have_moved
from mintonce_redis.switchboard import Switchboard

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)

LIMIT = 3.0
"""Seconds after which a call is given up, whatever it waits for."""

_TURNS = 16  # times that a cluster may send a command elsewhere
_PAUSE = 0.05  # seconds, while a cluster sorts itself out


class Say(Protocol[R_co]):
    """Something to say over a line; `asking` if another node said that it has to be said here."""

    async def __call__(self, line: Line, *, asking: bool) -> R_co: ...  # noqa: D102 - see above


class RedisStore:
    """Keeps each value under a key of its own, in Valkey or in Redis 6.2 and later.

    All tasks of an event loop share one connection, which closes when nobody has used it for two
    seconds. One store can be used in one event loop after another, and in forked children.

    Args:
        client: A ``redis.asyncio`` client: ``Redis``, ``RedisCluster``, or what ``master_for`` of a
            ``Sentinel`` returns. The store takes its settings (address, credentials, TLS), and
            makes its own connection with them. It never closes the client.
        prefix: What the names of keys and channels begin with.

    Raises:
        UsageError: The client is of another kind, or reads from replicas.

    """

    def __init__(self, client: Redis | RedisCluster | Route, *, prefix: str = urls.PREFIX) -> None:
        self._route: Route = clients.route_of(client)
        self._prefix = _checked(prefix)
        self._boards: dict[tuple[int, asyncio.AbstractEventLoop], Switchboard] = {}

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a store from a URL; nothing is connected before its first use.

        Raises:
            UsageError: The URL makes no sense.

        """
        route, prefix = urls.parse(url)
        return cls(route, prefix=prefix)

    async def read(self, key: str) -> bytes | None:
        """Return what is kept under `key`, or None; see `TokenStore.read`."""
        name = self._name(key)
        return await self._talk(name, partial(talk.look, name, self._channel(name)), again=True)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Put `new` in the place of `old`; see `TokenStore.swap`.

        It is sent once. If the connection breaks before the answer, `StoreUnavailable` is raised.
        """
        name = self._name(key)
        arguments = script.arguments(name, self._channel(name), old, new, ttl)
        return await self._talk(name, partial(talk.swap, arguments))

    async def changed(self, key: str, seen: bytes | None, timeout: float) -> None:
        """Return when the value is no longer `seen`; see `PushingStore.changed`.

        A read made this store listen already, so that waiting costs the server nothing.

        Raises:
            StoreUnavailable: The server cannot be reached at present.
            StoreError: Something is wrong that has to be mended first.

        """
        name, digest = self._name(key), script.digest(seen)
        channel = self._channel(name)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                line = await self._talk(name, partial(talk.listen, name, channel), again=True)
                await line.hearing.other_than(channel, digest)

    async def aclose(self) -> None:
        """Close what this store has opened in this event loop; a client that was given stays open.

        Calls that are under way fail, and those that wait for a change return.
        """
        here = (os.getpid(), asyncio.get_running_loop())
        if board := self._boards.pop(here, None):
            await board.aclose()

    async def _talk(self, name: bytes, say: Say[T], *, again: bool = False) -> T:
        """Say something to whoever keeps the key, and tell in our words what went wrong.

        Args:
            name: The key.
            say: What to say over a line.
            again: Whether it can be said once more when a connection breaks.

        """
        problem: StoreError
        has_moved = True
        try:
            async with time_limit(LIMIT):
                return await self._follow(name, say, again=again)
        except MintonceError:
            raise
        except TimeoutError:
            cause: ForeignError | None = None
            problem = StoreUnavailable(f"{self._route.address} did not answer within {LIMIT:g} s")
        except Exception as error:  # noqa: BLE001 - drivers raise all kinds of things
            problem, cause = failures.told(error, self._route.address), stand_in(error)
            has_moved = may_have_moved(error)
        if has_moved:
            self._route.forget()
        # Raised out here, so that what the server said does not come along as the context.
        raise problem from cause

    async def _follow(self, name: bytes, say: Say[T], *, again: bool) -> T:
        board, route = self._board(), self._route
        elsewhere: Door | None = None
        trouble: Exception = TryAgainError()
        for _ in range(_TURNS):
            door = elsewhere or await route.door(name, board.line)
            line = await board.line(door)
            try:
                return await say(line, asking=elsewhere is not None)
            except AskError as error:
                elsewhere, trouble = route.redirect(error, door), error
            except (ClusterDownError, TryAgainError) as error:
                elsewhere, trouble = None, error
                route.forget()
                await asyncio.sleep(_PAUSE)
            except (RedisError, OSError) as error:
                if failures.is_read_only(error):
                    line.refused(error)  # the next line leads to the new master
                lost = line.lost and line.is_open and isinstance(error, Disconnected | Held)
                if not (again and lost):
                    raise
                again = False
                route.forget()
        raise trouble

    def _board(self) -> Switchboard:
        here = (os.getpid(), asyncio.get_running_loop())
        if here not in self._boards:
            # Those of loops that are over have lost their lines. Those of a parent are kept as
            # they are, because nothing of them may be touched.
            for pid, loop in [*self._boards]:
                if pid == here[0] and loop.is_closed():
                    self._boards.pop((pid, loop), None)  # another thread may be faster
            self._boards[here] = Switchboard()
        return self._boards[here]

    def _name(self, key: str) -> bytes:
        return f"{self._prefix}{check_key(key)}".encode()

    def _channel(self, name: bytes) -> bytes:
        # All databases of a server share its channels. No key has an @ in it.
        return b"%s@%d" % (name, self._route.db) if self._route.db else name

    def __repr__(self) -> str:
        """Tell where it leads, without credentials."""
        return f"RedisStore({self._route.address!r}, prefix={self._prefix!r})"


def _checked(prefix: object) -> str:
    if not (isinstance(prefix, str) and prefix.isascii() and prefix.isprintable()):
        raise UsageError("the prefix of a RedisStore must be visible ASCII, such as 'mintonce:'")
    return prefix


def from_url(url: str) -> RedisStore:
    """Make a store from a URL; see `RedisStore.from_url`."""
    return RedisStore.from_url(url)
