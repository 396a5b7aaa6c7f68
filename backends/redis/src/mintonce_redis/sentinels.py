"""Who is the master: sentinels are asked one after the other, and none is waited for long."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as Silent

from mintonce_redis.line import Opener
from mintonce_redis.reasons import Late, Lost, NoSentinelError, is_distrust, why
from mintonce_redis.routes import Address

_START = 0.1  # seconds that a sentinel has to answer before the next one is asked, too
_DOWN = {b"s_down", b"o_down"}  # what sentinels call a server that does not answer them
_UNHEARD = (Disconnected, Late, Silent)  # and no other subclass, which tells what one has said


class Sentinels:
    """The sentinels of a service. Who answered last is asked first.

    Args:
        service: The name of the service.
        openers: Make connections to the sentinels.
        others: How many others a sentinel has to see to be believed.
        host: Where the master is, whatever they say of that; None if they know.

    """

    def __init__(
        self, service: str, openers: Sequence[Opener], *, others: int = 0, host: str | None = None
    ) -> None:
        self._service = service
        self._openers = [*openers]
        self._others = others
        self._host = host

    async def master(self) -> Address:
        """Return where the master is, as the first one says who knows it.

        Raises:
            RedisError: Nobody knows, or nobody can be reached.

        """
        asked: dict[asyncio.Task[Address], Opener] = {}
        try:
            return await self._first(asked)
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def _first(self, asked: dict[asyncio.Task[Address], Opener]) -> Address:
        trouble: Exception = Disconnected()
        to_ask, waiting = [*self._openers], set[asyncio.Task[Address]]()
        while to_ask or waiting:
            if to_ask:
                opener = to_ask.pop(0)
                asked[task := asyncio.create_task(self._ask(opener))] = opener
                waiting.add(task)
            done, waiting = await asyncio.wait(
                waiting,
                timeout=_START if to_ask else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                try:
                    address = task.result()
                except Exception as error:  # noqa: BLE001 - whatever it is, another one may know
                    # What one of them says is worth more than that another cannot be reached.
                    trouble = error if type(trouble) in _UNHEARD else trouble
                else:
                    # A new list, since other threads may be looking at this one.
                    self._openers = sorted(self._openers, key=lambda each: each is not asked[task])
                    return address
        if type(trouble) in _UNHEARD and not is_distrust(trouble):
            raise Lost(f"none of its sentinels answers ({why(trouble)})")
        raise trouble

    async def _ask(self, opener: Opener) -> Address:
        connection = await opener()
        try:
            for state in await _masters(connection):
                if state[b"name"] == self._service.encode() and self._is_up(state):
                    return self._host or state[b"ip"].decode(), int(state[b"port"])
        finally:
            await connection.disconnect(nowait=True)
        raise Lost(f"No master found for {self._service!r}")

    def _is_up(self, state: dict[bytes, bytes]) -> bool:
        flags = state[b"flags"].split(b",")
        seen = int(state[b"num-other-sentinels"])
        return b"master" in flags and _DOWN.isdisjoint(flags) and seen >= self._others


async def _masters(connection: Any) -> Any:
    await connection.send_command("SENTINEL", "MASTERS")
    try:
        return await connection.read_response()
    except ResponseError as error:
        if "unknown command" not in str(error).lower():
            raise
    raise NoSentinelError(
        f"{connection.host}:{connection.port} is no sentinel: name those of the service, or use"
        " redis://"
    )
