"""A server that may throw away tokens and ledgers is warned of, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from backing.using import TTL, fresh
from managing import eventually
from mintonce_redis import eviction
from scripted import scripted
from using import lines_of, opened
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    eviction._asked.clear()
    yield
    eviction._asked.clear()


async def _swap_twice(url: str) -> None:
    for _ in range(2):
        async with opened(url) as store:
            assert await store.swap(fresh(), None, b"value", ttl=TTL)
            assert await store.read("key") is None  # what was asked before is answered by now


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
async def test_a_server_that_evicts(
    own: ValkeyServer, caplog: pytest.LogCaptureFixture, policy: str
) -> None:
    """Whoever writes first is warned; and nobody else in this process."""
    own.ask("CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", policy)
    await _swap_twice(own.url())
    (warning,) = caplog.records
    assert "mintonce" == warning.name
    assert logging.WARNING == warning.levelno
    assert f"(maxmemory-policy {policy})" in warning.getMessage()
    assert str(own.path) in warning.getMessage()


@pytest.mark.parametrize(("memory", "policy"), [("100mb", "noeviction"), ("0", "allkeys-lru")])
async def test_a_server_that_does_not(
    own: ValkeyServer, caplog: pytest.LogCaptureFixture, memory: str, policy: str
) -> None:
    """Where nothing is evicted, nothing is said."""
    own.ask("CONFIG", "SET", "maxmemory", memory, "maxmemory-policy", policy)
    await _swap_twice(own.url())
    assert [] == caplog.records


async def test_a_server_that_does_not_tell(
    own: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nobody may ask, nothing is said, and the swap is as good as any."""
    own.ask("CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru")
    own.ask("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-info")
    await _swap_twice(own.url().replace("unix://", "unix://app:secret@"))
    assert [] == caplog.records


async def test_a_swap_does_not_wait_for_it(place: Path) -> None:
    """Who swapped goes on, though the server never answers the question."""
    asked = list[bytes]()

    def says_nothing_of_itself(command: list[bytes]) -> bytes:
        asked.append(command[0])
        return b"" if command[0] == b"INFO" else b":1\r\n"

    async with scripted(place, says_nothing_of_itself) as url, opened(url) as store:
        assert await store.swap(fresh(), None, b"value", ttl=TTL)
        await eventually(lambda: b"INFO" in asked)


class Full(logging.Handler):
    """A handler that can write nothing any more."""

    def handle(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - it is lost
        """Fail."""
        raise OSError("no space left on device")


@pytest.mark.parametrize("prints", [False, True])
async def test_a_warning_that_cannot_be_written(
    own: ValkeyServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    prints: bool,
) -> None:
    """Nobody loses an answer over it; it is told where the standard library would tell it."""
    monkeypatch.setattr(logging, "raiseExceptions", prints)
    monkeypatch.setattr(eviction.logger, "handlers", [Full()])
    own.ask("CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru")
    async with opened(own.url()) as store:
        swaps = (store.swap(fresh(), None, b"value", ttl=TTL) for _ in range(100))
        assert [True] * 100 == await asyncio.gather(*swaps)
        assert await store.read("key") is None
        (line,) = lines_of(store)
        assert line.lost is None
    assert prints == ("no space left" in capsys.readouterr().err)
