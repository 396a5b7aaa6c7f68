"""A server that holds swaps back and answers reads, and a process that stood still."""

from __future__ import annotations

import asyncio
import time

import pytest

from backing.using import TTL, fresh, put
from mintonce import StoreUnavailable
from mintonce_redis import script
from mintonce_redis import store as store_module
from using import lines_of, opened
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio


async def test_a_read_behind_a_swap_that_is_held_back(own: ValkeyServer) -> None:
    """While a failover is prepared, a server answers reads only: they get through in the end."""
    key = fresh()
    async with opened(own.url()) as store:
        await put(store, key, b"value")
        (line,) = lines_of(store)
        own.ask("CLIENT", "PAUSE", "60000", "WRITE")
        name = store._name(fresh())
        swap = script.arguments(name, name, None, b"new", TTL)
        line.post(lambda _: None, b"EVALSHA", script.SHA, *swap, within=0.1)
        assert b"value" == await store.read(key)
        assert line.lost
        own.ask("CLIENT", "UNPAUSE")


async def test_a_server_that_hangs_over_a_swap(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it answers nobody, a read behind the swap ends in time, too."""
    monkeypatch.setattr(store_module, "LIMIT", 0.6)
    async with opened(own.url()) as store:
        await store.read("key")
        (line,) = lines_of(store)
        own.pause()
        line.post(lambda _: None, b"EVALSHA", script.SHA, within=0.1)
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.read("key")
        assert time.monotonic() < began + 2.0
        own.resume()


async def test_an_answer_that_came_while_the_process_stood_still(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken, however long that was: a swap whose answer is lost may cost a token."""
    key = fresh()
    async with opened(own.url()) as store:
        await put(store, key, b"value")
        (line,) = lines_of(store)
        monkeypatch.setattr(store_module, "LIMIT", 0.2)
        own.pause()
        swap = asyncio.create_task(store.swap(key, b"value", b"new", ttl=TTL))
        while not line._questions.hold_a_swap:  # noqa: ASYNC110 - a few steps, which nothing tells
            await asyncio.sleep(0)
        own.resume()
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            pass
        assert await swap
