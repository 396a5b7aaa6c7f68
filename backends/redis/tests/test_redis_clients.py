"""Stores over a client that the program has made, and owns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis, Sentinel
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from backing.cutting import proxied
from backing.using import TTL, fresh, put
from managing import eventually
from mintonce import StoreUnavailable, UsageError
from mintonce_redis import RedisStore
from using import waiting
from valkey_server import ValkeyServer


def replicas() -> Any:
    """A client that reads from replicas."""
    return Sentinel([("h", 1)]).slave_for("orders")  # type: ignore[no-untyped-call]  # redis-py has no types here


MAKERS: dict[str, Callable[[str], Any]] = {
    "a client": lambda path: Redis(unix_socket_path=path),
    "text instead of bytes": lambda path: Redis(unix_socket_path=path, decode_responses=True),
    "protocol 2": lambda path: Redis(unix_socket_path=path, protocol=2),
    "protocol 3": lambda path: Redis(unix_socket_path=path, protocol=3),
    "no time limits": lambda path: Redis(unix_socket_path=path, socket_timeout=None),
    "a single connection": lambda path: Redis(unix_socket_path=path, single_connection_client=True),
    "a pool of one": lambda path: Redis.from_pool(
        BlockingConnectionPool.from_url(f"unix://{path}", max_connections=1)
    ),
    "a URL": lambda path: Redis.from_url(f"unix://{path}?db=1", health_check_interval=1),
    "a shared pool": lambda path: Redis(connection_pool=ConnectionPool.from_url(f"unix://{path}")),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", MAKERS)
async def test_any_client_will_do(valkey: ValkeyServer, kind: str) -> None:
    """Whatever a client was set up for, the store works; and the client does so afterwards."""
    client, key = MAKERS[kind](str(valkey.path)), fresh()
    store = RedisStore(client, prefix="orders:")
    await put(store, key, b"\xff value")
    waits = await waiting(store, key, b"\xff value")
    await put(store, key, b"new")
    await asyncio.wait_for(waits, 2)
    await store.aclose()
    assert await client.get(f"orders:{key}") in {b"new", "new"}
    await client.aclose()
    await client.connection_pool.disconnect()


def test_a_client_is_not_bound_to_a_loop(valkey: ValkeyServer) -> None:
    """The store uses settings of the client, not its connections, in one loop after another."""
    store, key = RedisStore(Redis(unix_socket_path=str(valkey.path))), fresh()

    async def use(number: int) -> None:
        await put(store, key, b"%d" % number)
        assert b"%d" % number == await store.read(key)
        await store.aclose()

    for number in range(2):
        asyncio.run(use(number))


@pytest.mark.asyncio
async def test_a_client_that_repeats_commands_repeats_no_swap(
    own: ValkeyServer, place: Path
) -> None:
    """Clients of redis-py send again what may have been done; a store over one does not."""
    key = fresh()
    async with proxied(own, place / "p") as proxy:
        client = Redis(unix_socket_path=str(place / "p" / own.SOCKET), retry=Retry(NoBackoff(), 5))
        store = RedisStore(client)
        await put(store, key, b"old")
        calls = own.calls("evalsha")
        assert b"old" == await store.read(key)  # now all is answered that the swap was followed by
        own.pause()
        swapped = proxy.carried + len(key)  # more than anything else that is said
        swap = asyncio.create_task(store.swap(key, b"old", b"new", ttl=TTL))
        await eventually(lambda: proxy.carried > swapped)
        proxy.cut()
        with pytest.raises(StoreUnavailable):
            await swap
        own.resume()
        await eventually(lambda: own.calls("evalsha") > calls)
        assert b"new" == await store.read(key)
        await store.aclose()
    assert calls + 1 == own.calls("evalsha")


@pytest.mark.parametrize(
    ("client", "advice"),
    [
        (redis.Redis(), "takes a client of redis.asyncio"),
        ("redis://localhost", "see RedisStore.from_url"),
        (None, "not builtins.NoneType"),
        (replicas(), "what Sentinel.master_for returns"),
    ],
)
def test_what_is_no_such_client(client: Any, advice: str) -> None:
    """It is refused when the store is made."""
    with pytest.raises(UsageError, match=advice):
        RedisStore(client)


@pytest.mark.parametrize("prefix", ["bäd", "new\nline", None])
def test_a_prefix_that_is_none(prefix: Any) -> None:
    """It would make names that other programs cannot show."""
    with pytest.raises(UsageError, match="visible ASCII"):
        RedisStore(Redis(), prefix=prefix)
