"""Where lines lead: to one server, to the master that sentinels name, to the nodes of a cluster."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol, cast
from weakref import WeakKeyDictionary

from redis.asyncio.connection import AbstractConnection
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    NoPermissionError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from mintonce.errors import StoreError
from mintonce_redis.failures import is_read_only
from mintonce_redis.line import Line, Opener
from mintonce_redis.reasons import Lost
from mintonce_redis.recipes import Recipe

Address = tuple[str, int]


class Door(NamedTuple):
    """The beginning of a line.

    Attributes:
        name: Where it leads, as people write it.
        open: Makes the connection.

    """

    name: str
    open: Opener


_SEED = 0.7  # seconds that a node may take to tell the way, before another one is asked
_FRESH = 0.1  # seconds that what a node told of the way is kept, whatever happens

Lines = Callable[[Door], Awaitable[Line]]


class Route(Protocol):
    """The way to whoever keeps a key.

    Attributes:
        address: All that is known of it, as people write it, with no secret.
        db: The number of the database.

    """

    address: str
    db: int

    async def door(self, key: bytes, lines: Lines) -> Door:
        """Return where the key is kept; `lines` are there to ask the way."""
        ...

    def redirect(self, error: AskError, asked: Door) -> Door | None:
        """Return where a node says that a key is kept for now; None if it is so for good."""
        ...

    def forget(self) -> None:
        """Forget the way, because it may have changed."""
        ...


class Single:
    """One server, or whatever answers at its address."""

    def __init__(self, address: str, recipe: Recipe) -> None:
        self.address = address
        self.db: int = int(recipe.options.get("db") or 0)
        self._door = Door(address, recipe.connect)

    async def door(self, key: bytes, lines: Lines) -> Door:  # noqa: ARG002 - all ways lead there
        """Return its door."""
        return self._door

    def redirect(self, error: AskError, asked: Door) -> Door | None:  # noqa: ARG002 - not there
        """Refuse: only a cluster sends people elsewhere."""
        raise StoreError(f"{self.address} is a node of a cluster: use a redis+cluster:// URL")

    def forget(self) -> None:
        """There is nothing to forget."""


class Watched(Single):
    """The present master of a service that sentinels watch over."""

    def __init__(
        self, address: str, recipe: Recipe, discover: Callable[[], Awaitable[Address]]
    ) -> None:
        super().__init__(address, recipe)
        self._recipe = recipe
        self._discover = discover
        self._door = Door(address, self._open)

    async def _open(self) -> AbstractConnection:
        host, port = await self._discover()
        connection = await self._recipe.connect(host=host, port=port)
        try:
            await connection.send_command("ROLE")
            role = cast("Any", await connection.read_response())
        except NoPermissionError:
            return connection  # a replica that is written to says so by itself
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        if role[0] == b"master":
            return connection
        await connection.disconnect(nowait=True)
        raise Lost(f"{host}:{port} is no master, though its sentinels say so")


class Cluster:
    """The nodes of a cluster, each of which keeps some of the keys."""

    def __init__(
        self,
        nodes: Sequence[Address],
        recipe: Recipe,
        remap: Callable[[Address], Address] | None = None,
    ) -> None:
        self.address: str = ",".join(f"{host}:{port}" for host, port in nodes)
        self.db: int = 0
        self._given = nodes
        self._known: Sequence[Address] = ()
        self._recipe = recipe
        self._remap = remap or _as_it_is
        self._ranges: list[tuple[int, int, Address]] = []
        self._moved: dict[int, Address] = {}
        self._learnt = -math.inf
        self._asking = WeakKeyDictionary[
            asyncio.AbstractEventLoop, asyncio.Future[Exception | None]
        ]()

    async def door(self, key: bytes, lines: Lines) -> Door:
        """Return the door of the node that keeps the key."""
        while not self._ranges:
            await self._learn(lines)
        slot = key_slot(key)
        if slot in self._moved:
            return self._door(self._moved[slot])
        for first, last, node in self._ranges:
            if first <= slot <= last:
                return self._door(node)
        self.forget()
        raise ClusterDownError(f"CLUSTERDOWN slot {slot} is not covered")

    def redirect(self, error: AskError, asked: Door) -> Door | None:
        """Return the door of the node that the error names, or remember it."""
        host, port = _address(error)  # no host is the one that says so
        node = self._remap((host or asked.name.rpartition(":")[0], port))
        if not isinstance(error, MovedError):
            return self._door(node)
        self._moved[error.slot_id] = node
        return None

    def forget(self) -> None:
        """Ask the way again next time, unless that was just now; any node knows it."""
        if time.monotonic() < self._learnt + _FRESH:
            return
        self._known = [node for *_, node in self._ranges] or self._known
        self._ranges = []
        self._moved = {}

    def _door(self, node: Address) -> Door:
        host, port = node
        return Door(f"{host}:{port}", lambda: self._recipe.connect(host=host, port=port))

    async def _learn(self, lines: Lines) -> None:
        """Ask the way, or wait for another task of this loop that does."""
        loop = asyncio.get_running_loop()
        if asking := self._asking.get(loop):
            await asyncio.wait({asking})
            if not asking.cancelled() and (trouble := asking.result()):
                raise trouble.with_traceback(None)
            return
        asking = self._asking[loop] = loop.create_future()
        try:
            await self._ask_the_way(lines)
        except Exception as error:
            asking.set_result(error)
            raise
        else:
            asking.set_result(None)
        finally:
            asking.cancel()  # if this task is: then another one asks
            del self._asking[loop]

    async def _ask_the_way(self, lines: Lines) -> None:
        trouble: Exception = Lost("no node is known")
        seeds = [*{*self._given, *self._known}]
        random.shuffle(seeds)  # so that not all processes ask the same node
        for seed in seeds:
            try:
                line = await lines(self._door(seed))
                slots = await line.ask(b"CLUSTER", b"SLOTS", within=_SEED)
            except (RedisError, OSError) as error:
                trouble = error
            else:
                self._ranges = [
                    (first, last, self._remap((host.decode() if host else seed[0], port)))
                    for first, last, (host, port, *_), *_ in slots
                ]
                self._learnt = time.monotonic()
                return
        raise trouble


def may_have_moved(error: Exception) -> bool:
    """Tell whether what was asked for may be elsewhere; most refusals say nothing of that."""
    said = isinstance(error, AskError | ClusterDownError | TryAgainError) or is_read_only(error)
    return said or not isinstance(error, ResponseError)


def _address(error: Any) -> Address:
    return error.host, error.port


def _as_it_is(address: Address) -> Address:
    return address
