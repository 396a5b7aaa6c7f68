"""A server over which nothing is achieved is left in peace, whatever it answers in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backing.using import TTL
from mintonce import StoreError, StoreUnavailable
from mintonce_redis import line
from mintonce_redis.line import Line
from scripted import Script, scripted, subscribed
from using import lines_of, opened
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio


def hang_up() -> bytes:
    """Close the connection."""
    raise ConnectionResetError


async def test_a_server_that_is_away_for_an_hour() -> None:
    """However often it was tried in vain, those who wait are told; and there is a pause still."""

    async def refuse() -> None:
        raise ConnectionRefusedError

    tried = Line("nowhere", refuse, failures=5_000)  # type: ignore[arg-type]  # it returns nothing
    with pytest.raises(ConnectionRefusedError):
        await asyncio.wait_for(tried.ask(b"GET", b"key"), 2)
    assert 0.5 < tried.pause <= 2.0
    await tried.aclose()


ODD: dict[str, Callable[[], bytes]] = {"it hangs up": hang_up, "nonsense": lambda: b":7\r\n"}


@pytest.mark.parametrize("kind", ODD)
async def test_a_server_that_answers_in_vain(place: Path, kind: str) -> None:
    """One that lets people listen, and then tells no value, is tried ever more seldom."""
    tried = 0

    def answer(command: list[bytes]) -> bytes:
        nonlocal tried
        if command[0] == b"SUBSCRIBE":
            return subscribed(command)
        tried += 1
        return ODD[kind]()

    said: Script = answer
    async with scripted(place, said) as url, opened(url) as store:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            with pytest.raises(StoreError):
                await store.read("key")
            await asyncio.sleep(0)
    assert tried <= 8


@pytest.mark.parametrize("reads", [False, True])
async def test_a_replica_that_can_only_be_read(own: ValkeyServer, *, reads: bool) -> None:
    """No crowd of swaps makes a connection for each of them; and who reads may go on."""
    own.ask("REPLICAOF", "127.0.0.1", "1")
    async with opened(own.url()) as store:
        tried = set()
        for _ in range(20):
            with pytest.raises(StoreUnavailable, match="read-only replica"):
                await store.swap("key", None, b"value", ttl=TTL)
            tried |= {id(each) for each in lines_of(store)}
            if reads:
                assert await store.read("key") is None
        assert len(tried) <= 3


async def test_a_replica_is_left_in_the_end(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while a new connection is tried, which may lead to the new master."""
    monkeypatch.setattr(line, "_QUICK", 0)
    own.ask("REPLICAOF", "127.0.0.1", "1")
    async with opened(own.url()) as store:
        for elsewhere, is_lost in ((60.0, False), (0.0, True)):
            monkeypatch.setattr(line, "_ELSEWHERE", elsewhere)
            with pytest.raises(StoreUnavailable, match="read-only replica"):
                await store.swap("key", None, b"value", ttl=TTL)
            assert is_lost == bool(lines_of(store)[0].lost)
