"""What is said over a line: look at a value, listen for changes of it, swap it."""

from __future__ import annotations

from functools import partial
from typing import Any

from redis.exceptions import InvalidResponse, NoScriptError

from mintonce_redis import eviction, script
from mintonce_redis.line import Line
from mintonce_redis.reasons import Lost

_CHANNELS = 256  # that a line listens to for readers; there may be more who wait


async def look(name: bytes, channel: bytes, line: Line, *, asking: bool) -> bytes | None:
    """Return the value, and listen from before it is read, in case that somebody will wait."""
    if len(line.hearing) < _CHANNELS:
        _subscribe(channel, line)
    return await _get(name, channel, line, asking=asking)


async def listen(name: bytes, channel: bytes, line: Line, *, asking: bool) -> Line:
    """Return the line when all is heard that happens to the value."""
    if not line.hearing.knows(channel):
        _subscribe(channel, line)
        line.hearing.check(channel)
        await _get(name, channel, line, asking=asking)
        line.hearing.check(channel)
    return line


async def swap(arguments: tuple[bytes, ...], line: Line, *, asking: bool) -> bool:
    """Run the script, which the server may not know yet, or no more."""
    try:
        done = await line.ask(b"EVALSHA", script.SHA, *arguments, asking=asking)
    except NoScriptError:
        done = await line.ask(b"EVAL", script.SWAP, *arguments, asking=asking)
    if done not in (0, 1):
        raise _nonsense(line)
    if eviction.is_unknown(line.where):
        line.post(partial(eviction.warn, line.where), *eviction.QUESTION)
    return bool(done)


def _subscribe(channel: bytes, line: Line) -> None:
    if line.hearing.begin(channel):
        line.post(partial(line.hearing.begun, channel), b"SUBSCRIBE", channel)
        for spare in line.hearing.spare(_CHANNELS):
            line.post(lambda _: None, b"UNSUBSCRIBE", spare)


async def _get(name: bytes, channel: bytes, line: Line, *, asking: bool) -> bytes | None:
    def heed(value: Any) -> None:
        if value is None or isinstance(value, bytes):
            line.hearing.note(channel, script.digest(value))

    value = await line.ask(b"GET", name, asking=asking, heed=heed)
    if value is None or isinstance(value, bytes):
        return value
    raise _nonsense(line)


def _nonsense(line: Line) -> InvalidResponse:
    line.is_good = False
    line.end(Lost("the server does not answer as it should"))
    return InvalidResponse()
