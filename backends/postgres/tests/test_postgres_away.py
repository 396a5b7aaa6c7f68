"""A server that is stopped, killed, restarted, paused or read-only: callers learn of it in time."""

from __future__ import annotations

import asyncio
import os
import time
from asyncio import StreamReader, StreamWriter
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backing.away import Away
from backing.using import TTL, as_soon_as_possible, fresh, put
from managing import eventually
from mintonce import StoreUnavailable
from mintonce_postgres import PostgresStore
from postgres_server import PostgresServer
from postgres_using import OnPostgres, link_of, opened, waiting

pytestmark = pytest.mark.asyncio
READY = b"Z\0\0\0\5I"  # what a server says when it waits for a statement


class TestAway(OnPostgres, Away[PostgresStore]):
    """What holds for each store that talks to a server."""


async def test_a_swap_over_a_connection_that_was_cut(own: PostgresServer) -> None:
    """It is known not to have been sent, and so is sent over another one."""
    key = fresh()
    async with opened(own.url()) as store:
        await put(store, key, b"value")
        await asyncio.to_thread(own.cut)
        assert await store.swap(key, b"value", b"new", ttl=TTL)


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """How often somebody tried to connect."""
    made: list[object] = []
    connect = asyncpg.connect

    async def counted(*arguments: Any, **options: Any) -> object:
        made.append(arguments)
        return await connect(*arguments, **options)

    monkeypatch.setattr(asyncpg, "connect", counted)
    return made


async def in_vain(store: PostgresStore) -> None:
    """Have many ask for a second."""
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        found = await asyncio.gather(*map(store.read, ["key"] * 50), return_exceptions=True)
        assert {StoreUnavailable} == {*map(type, found)}


async def test_a_server_that_is_away_is_left_in_peace(
    own: PostgresServer, attempts: list[object]
) -> None:
    """However many ask for it, it is tried ever more seldom."""
    async with opened(own.url()) as store:
        await asyncio.to_thread(own.kill)
        await in_vain(store)
        assert len(attempts) <= 10


async def test_a_server_that_only_says_hello_is_left_in_peace(
    own: PostgresServer, place: Path, attempts: list[object]
) -> None:
    """So is a pooler that lets everybody in, and hangs up since its own server is away."""

    async def hang_up(reader: StreamReader, writer: StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(own.path)
        to_server.write(await reader.read(1 << 16))
        hello = b""
        while not hello.endswith(READY):
            hello += await from_server.read(1 << 16)
        writer.write(hello)
        await reader.read(1)  # the first statement begins
        to_server.close()
        writer.close()

    (pooler := place / "pooler").mkdir()
    listener = await asyncio.start_unix_server(hang_up, pooler / own.SOCKET)
    async with opened(own.url(pooler)) as store:
        await in_vain(store)
        assert len(attempts) <= 20
        listener.close()
        await asyncio.to_thread(os.replace, own.path, pooler / own.SOCKET)
        assert await as_soon_as_possible(partial(store.read, "key"), seconds=2) is None


async def test_a_server_that_takes_no_writes(own: PostgresServer) -> None:
    """Then values can be read, and a swap is told that it has to wait."""
    key = fresh()
    async with opened(own.url()) as store:
        await put(store, key, b"value")
        read_only = "ALTER SYSTEM SET default_transaction_read_only = {}; SELECT pg_reload_conf()"
        await asyncio.to_thread(_ask_each, own, read_only.format("on"))
        await eventually(lambda: own.ask("SHOW default_transaction_read_only") == "on")
        assert b"value" == await store.read(key)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="25006"):
                await store.swap(key, b"value", b"new", ttl=TTL)
        await asyncio.to_thread(_ask_each, own, read_only.format("off"))
        assert await as_soon_as_possible(partial(store.swap, key, b"value", b"new", ttl=TTL))


def _ask_each(server: PostgresServer, statements: str) -> None:
    for sql in statements.split(";"):
        server.ask(sql)


async def test_an_idle_store_keeps_no_connection(
    own: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that nobody needs is closed, and made again when somebody does."""
    monkeypatch.setattr("mintonce_postgres.line.IDLE", 0.1)
    async with opened(own.url()) as store:
        assert await store.read("key") is None
        assert link_of(store).line.is_open
        await eventually(lambda: not link_of(store).line.is_open)
        await eventually(lambda: link_of(store).pool.get_size() == 0)
        waits = await waiting(store, "key", None)
        await put(store, "key", b"value")
        await asyncio.wait_for(waits, 2)


async def test_a_sweep_that_is_cut_takes_nothing_back(own: PostgresServer) -> None:
    """The swap before it was done, and says so."""
    async with opened(own.url()) as store:
        assert await store.read("key") is None
        own.ask(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';"
            " CREATE TRIGGER cut BEFORE DELETE ON mintonce FOR EACH STATEMENT"
            " EXECUTE FUNCTION cut()"
        )
        for key in (fresh(), fresh()):  # over the line, and over another connection
            assert await store.swap(key, None, b"value", ttl=TTL)


async def test_who_waits_for_a_server_that_hangs_waits_no_longer(own: PostgresServer) -> None:
    """The time to wait holds for listening, too, and for getting a connection to do so."""
    async with opened(own.url()) as store, asyncpg.create_pool(own.url(), min_size=1) as pool:
        await store.read("key")
        own.pause()
        try:
            for each in (PostgresStore.from_url(own.url()), PostgresStore(pool), store):
                began = time.monotonic()
                await each.changed("another-key", None, 0.3)
                assert time.monotonic() < began + 2
                await each.aclose()
        finally:
            own.resume()
