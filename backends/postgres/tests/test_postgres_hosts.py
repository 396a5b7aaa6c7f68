"""Several hosts in one URL: any of them may be away, hang, or take no writes."""

from __future__ import annotations

import asyncio
import time
from asyncio import StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from backing.using import TTL, as_soon_as_possible, fresh, put
from managing import eventually
from mintonce import StoreUnavailable
from postgres_server import PostgresServer
from postgres_using import opened, waiting

pytestmark = pytest.mark.asyncio
READ_ONLY = "ALTER SYSTEM SET default_transaction_read_only = on"
IS_READ_ONLY = "SHOW default_transaction_read_only"


async def demote(server: PostgresServer) -> None:
    """Have it take no writes any more, over the connections that stand either."""
    for sql in (READ_ONLY, "SELECT pg_reload_conf()"):
        await asyncio.to_thread(server.ask, sql)
    await eventually(lambda: server.ask(IS_READ_ONLY) == "on")


@asynccontextmanager
async def silent(directory: Path) -> AsyncIterator[list[StreamWriter]]:
    """A host that lets everybody in and never says a word; how often somebody came."""
    came: list[StreamWriter] = []
    listener = await asyncio.start_unix_server(
        lambda _reader, writer: came.append(writer), directory / PostgresServer.SOCKET
    )
    yield came
    listener.close()
    for writer in came:
        writer.close()


def of_hosts(*hosts: Path, **options: str) -> str:
    """The URL of a store on the first of these that will do."""
    more = "".join(f"&{name}={value}" for name, value in options.items())
    names = ",".join(map(str, hosts))
    return f"postgresql:///postgres?host={names}&user=postgres{more}"


async def test_a_host_that_hangs_is_passed_over(own: PostgresServer, place: Path) -> None:
    """It costs a share of the time for connecting, once: then the one that works comes first."""
    (hangs := place / "hangs").mkdir()
    async with silent(hangs) as came, opened(of_hosts(hangs, own.directory)) as store:
        key, began = fresh(), time.monotonic()
        await put(store, key, b"value")
        assert time.monotonic() < began + 3
        assert 1 == len(came)
        for _ in range(3):
            await asyncio.to_thread(own.cut)
            assert b"value" == await store.read(key)
        assert 1 == len(came)


async def test_a_host_that_worked_may_go(postgres: PostgresServer, own: PostgresServer) -> None:
    """Then another one is tried."""
    key = fresh()
    async with opened(of_hosts(own.directory, postgres.directory)) as store:
        await put(store, key, b"here")
        await asyncio.to_thread(own.kill)
        assert await as_soon_as_possible(lambda: store.read(key)) is None
        await put(store, key, b"there")
        await asyncio.to_thread(own.start)
        assert b"there" == await store.read(key)


@pytest.mark.parametrize(
    ("attributes", "writes"), [({}, True), ({"target_session_attrs": "read-only"}, False)]
)
async def test_a_host_has_to_be_of_the_right_kind(
    postgres: PostgresServer, own: PostgresServer, attributes: dict[str, str], *, writes: bool
) -> None:
    """One that takes writes, unless the URL says something else."""
    key = fresh()
    async with opened(own.url()) as store:
        await put(store, key, b"here")
    await demote(own)
    async with opened(of_hosts(postgres.directory, own.directory, **attributes)) as store:
        assert (None if writes else b"here") == await store.read(key)
    async with opened(of_hosts(own.directory, postgres.directory)) as store:
        assert await store.swap(key, None, b"there", ttl=TTL)


async def test_a_host_that_takes_no_more_writes_is_left(
    postgres: PostgresServer, own: PostgresServer
) -> None:
    """The connections to it are closed, and who waits over one of them does so elsewhere."""
    key = fresh()
    async with opened(of_hosts(own.directory, postgres.directory)) as store:
        waits = await waiting(store, key, None)
        await asyncio.gather(store.read(key), store.read(key))  # not all over the line
        await demote(own)
        with pytest.raises(StoreUnavailable, match="25006"):
            await store.swap(key, None, b"here", ttl=TTL)
        await asyncio.wait_for(waits, 2)
        swap = partial(store.swap, key, None, b"there", ttl=TTL)
        assert await as_soon_as_possible(swap, seconds=2)
        await eventually(lambda: own.connections() == 0)
