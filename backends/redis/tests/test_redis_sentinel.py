"""Stores that find their server through a real sentinel: the whole contract, and a failover."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Sentinel

from backing.using import as_soon_as_possible, fresh, put
from mintonce import StoreError, StoreUnavailable
from mintonce.stores import TokenStore
from mintonce.testing.contract import PushingStoreContract, StoreContract
from mintonce_redis import RedisStore
from using import opened, permissions, waiting
from valkey_fleet import HOST, Watched, started


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """Servers for all tests of this file."""
    with tempfile.TemporaryDirectory(prefix="v") as directory:
        watched = Watched(Path(directory))
        with started(watched):
            yield watched


class TestSentinelStore(StoreContract, PushingStoreContract):
    """Two handles on one service."""

    url: str

    @pytest.fixture(autouse=True)
    def _watched(self, watched: Watched) -> None:
        self.url = watched.url

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle on the service."""
        async with opened(self.url) as store:
            yield store


@pytest.mark.asyncio
async def test_a_service_that_nobody_watches(watched: Watched) -> None:
    """It is told that the sentinels know no master of that name."""
    async with opened(watched.url.replace("orders", "others")) as store:
        with pytest.raises(StoreUnavailable, match="No master found for 'others'"):
            await store.read("key")


@pytest.mark.asyncio
async def test_the_permissions_suffice(watched: Watched) -> None:
    """A user who may do what the README says, and no more, is refused nothing."""
    watched.master.ask(*permissions(), "+info", "+role")
    async with opened(watched.url.replace("://", "://mintonce:password@")) as store:
        await put(store, fresh(), b"value")
    assert b"*0\r\n" == watched.master.ask("ACL", "LOG")
    watched.master.ask(*permissions(), "-role")
    async with opened(watched.url.replace("://", "://mintonce:password@")) as store:
        await put(store, fresh(), b"value")


@pytest.mark.asyncio
async def test_a_master_that_is_none(watched: Watched) -> None:
    """A server that was a master is not believed, since what it knows may be old."""
    watched.master.ask("REPLICAOF", HOST, str(watched.replica.port))
    async with opened(watched.url) as store:
        with pytest.raises(StoreUnavailable, match="is no master, though its sentinels say so"):
            await store.read("key")
        watched.master.ask("REPLICAOF", "NO", "ONE")
        assert await as_soon_as_possible(partial(store.read, fresh())) is None


@pytest.mark.asyncio
async def test_sentinels_that_are_away() -> None:
    """It is told that it was they who could not be reached."""
    async with opened(f"redis+sentinel://{HOST}:1,{HOST}:2/orders") as store:
        with pytest.raises(StoreUnavailable, match=r"none of its sentinels answers \(connection r"):
            await store.read("key")


@pytest.mark.asyncio
async def test_a_server_that_is_no_sentinel(watched: Watched) -> None:
    """It is told which one, and has to be mended, unless another one knows the master."""
    port = watched.master.port
    what = f"master orders cannot be asked: {HOST}:{port} is no sentinel: "
    async with opened(f"redis+sentinel://{HOST}:1,{HOST}:{port}/orders") as store:
        with pytest.raises(StoreError, match=what) as caught:
            await store.read("key")
    assert StoreError is type(caught.value)
    assert caught.value.__context__ is None
    url = watched.url.replace("://", f"://{HOST}:{port},")
    async with opened(url) as store:
        assert await store.read(fresh()) is None


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["url", "client"])
async def test_sentinels_that_hang(watched: Watched, kind: str) -> None:
    """Silent sentinels cost a moment, once: who answered is asked first from then on."""
    came: list[asyncio.StreamWriter] = []
    listener = await asyncio.start_server(lambda _, writer: came.append(writer), HOST, 0)
    silent = [(HOST, listener.sockets[0].getsockname()[1])] * 2
    places = [*silent, (HOST, watched.sentinel.port)]
    if kind == "url":
        hosts = ",".join(f"{host}:{port}" for host, port in places)
        store = RedisStore.from_url(f"redis+sentinel://{hosts}/orders")
    else:
        store = RedisStore(Sentinel(places).master_for("orders"))  # type: ignore[no-untyped-call]  # redis-py has no types here
    for _ in range(3):
        began = time.monotonic()
        assert await store.read(fresh()) is None
        assert time.monotonic() < began + 1
        assert 2 == len(came)
        await store.aclose()
    listener.close()
    for writer in came:
        writer.close()


@pytest.mark.asyncio
async def test_a_failover(watched: Watched) -> None:
    """When the master dies its replica takes over; stores of all kinds find it by themselves."""
    key = fresh()
    sentinel = Sentinel([(HOST, watched.sentinel.port)])  # type: ignore[no-untyped-call]  # redis-py has no types here
    client = sentinel.master_for("orders", decode_responses=True)
    over_client = RedisStore(client)
    async with opened(watched.url) as store:
        await put(store, key, b"value")
        assert b"value" == await over_client.read(key)
        waits = await waiting(over_client, key, b"value")
        # What is confirmed before it is replicated would be lost: that is told in the README.
        watched.replica.ask("WAIT", "1", "1000")
        watched.master.kill()
        await waits
        for each in (store, over_client):
            assert b"value" == await as_soon_as_possible(partial(each.read, key), seconds=20)
        await put(store, key, b"new")
        assert b"new" == await over_client.read(key)
    await over_client.aclose()
    await client.aclose()
    await sentinel.aclose()
