"""A server that is stopped, killed, restarted, paused or full: callers learn of it in time."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from backing.away import Away
from backing.using import fresh, put
from managing import eventually, moment
from mintonce import StoreUnavailable
from mintonce_redis import RedisStore, line
from scripted import scripted
from using import OnValkey, lines_of, opened
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio


class TestAway(OnValkey, Away[RedisStore]):
    """What holds for each store that talks to a server."""


async def test_a_server_that_is_away_is_left_in_peace(own: ValkeyServer) -> None:
    """However often it is asked for, it is tried ever more seldom."""
    async with opened(own.url()) as store:
        await asyncio.to_thread(own.kill)
        tried = set()
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            with pytest.raises(StoreUnavailable):
                await store.read("key")
            tried |= {id(line) for line in lines_of(store)}
            await asyncio.sleep(0)
        assert len(tried) <= 8


async def test_a_proxy_that_leads_nowhere_is_left_in_peace(place: Path) -> None:
    """One that lets everybody in, and hangs up at the first command, is a server that is away."""
    came = 0

    def hang_up(_: list[bytes]) -> bytes:
        nonlocal came
        came += 1
        raise ConnectionResetError

    async with scripted(place, hang_up) as url, opened(url) as store:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            with pytest.raises(StoreUnavailable):
                await store.read("key")
            await asyncio.sleep(0)
    assert came <= 8


async def test_scripts_that_the_server_forgot_are_sent_again(own: ValkeyServer) -> None:
    """After SCRIPT FLUSH the next swap works as any other."""
    key = fresh()
    async with opened(own.url()) as store:
        for number in range(3):
            await put(store, key, b"%d" % number)
            await asyncio.to_thread(own.ask, "SCRIPT", "FLUSH")
        await put(store, key, b"last")
        assert b"last" == await store.read(key)


async def test_a_line_that_nobody_uses_is_closed(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle store keeps no connection, and needs nobody to close it."""
    monkeypatch.setattr(line, "IDLE", 0.2)
    async with opened(own.url()) as store:
        await store.read("key")
        assert 1 == await asyncio.to_thread(own.connections)
        await eventually(lambda: lines_of(store)[0].lost)
        while await asyncio.to_thread(own.connections):
            await moment()
        assert await store.read("key") is None
