"""What a line needs of a connection of redis-py: to send, to hear what is said, and a quick end."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError

_AS_LONG_AS_IT_TAKES: dict[str, Any] = {
    "timeout": math.inf,
    "disconnect_on_error": False,
    "push_request": True,
}
_ASKED_FOR = (b"subscribe", b"unsubscribe")


class Push(list[Any]):
    """What the server tells, which is the answer to no question unless it says so."""

    @property
    def is_answer(self) -> bool:
        """Whether somebody asked for it."""
        return bool(self) and self[0] in _ASKED_FOR


class Wire:
    """A connection that is ready for commands."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        # redis-py shows these to nobody; it has forgotten the writer when it could not send.
        self._writer = getattr(connection, "_writer", None)
        if parser := getattr(connection, "_parser", None):
            # It would make None of some pushes, as if that were the answer of somebody else.
            parser.handle_push_response = _pushed

    @property
    def is_whole(self) -> bool:
        """Whether it still stands. If it does not, redis-py would make a new one to send."""
        return bool(self._connection.is_connected)

    async def send(self, commands: Iterable[tuple[bytes, ...]]) -> None:
        """Send commands, once."""
        packed = self._connection.pack_commands(commands)
        # Whoever listens notices, too, that it is lost. It may be first, and take the writer away
        # before redis-py, which does not look whether there is one, has come to use it.
        with suppress(RedisError, OSError, AttributeError):
            await self._connection.send_packed_command(packed, check_health=False)

    async def heard(self) -> Any:
        """Return the next thing that the server says, be it an error."""
        try:
            return cast("Any", await self._connection.read_response(**_AS_LONG_AS_IT_TAKES))
        except ResponseError as refusal:
            return refusal

    async def hang_up(self) -> None:
        """Close it without waiting for the server to take what was sent: it may never do so."""
        if self._writer:
            self._writer.transport.abort()
        with suppress(RedisError, OSError):
            await self._connection.disconnect()


async def _pushed(response: list[Any], **_: Any) -> Push:
    return Push(response)
