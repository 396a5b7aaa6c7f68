"""A server that refuses: what is wrong is told with advice, and as what it is."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from backing.using import TTL, as_soon_as_possible, fresh, put
from managing import moment
from mintonce import StoreError, StoreUnavailable
from mintonce_redis import RedisStore
from using import lines_of, opened
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio


async def refused(url: str, advice: str) -> type[StoreError]:
    """How reading, writing and waiting all fail; each with this advice."""
    kinds = set()
    async with opened(url) as store:
        for call in (
            partial(store.read, "key"),
            partial(store.swap, "key", None, b"new", ttl=TTL),
            partial(store.changed, "key", None, 5.0),
        ):
            with pytest.raises(StoreError, match=advice) as caught:
                await call()
            kinds.add(type(caught.value))
    (kind,) = kinds
    return kind


async def test_a_wrong_password_has_to_be_mended(own: ValkeyServer) -> None:
    """It is not taken for a server that is away: without a budget each process would mint."""
    own.ask("CONFIG", "SET", "requirepass", "right")
    advice = "refuses the user name or the password"
    assert StoreError is await refused(own.url(), "wants a password: name one in the URL")
    for login in (":wrong@", "nobody:right@"):
        url = own.url().replace("unix://", f"unix://{login}")
        assert StoreError is await refused(url, advice)
    async with opened(own.url() + "?password=right") as store:
        assert await store.read("key") is None


async def test_too_few_permissions_have_to_be_mended(own: ValkeyServer) -> None:
    """Whatever is missing, it is told, and nothing is written."""
    advice = "denies this user a command, the keys or the channels"
    user = ("ACL", "SETUSER", "app", "on", ">secret", "+@all")
    url = own.url().replace("unix://", "unix://app:secret@")
    own.ask(*user, "resetkeys", "~other:*", "&*")
    assert StoreError is await refused(url, advice)
    own.ask(*user, "allkeys", "resetchannels", "&other:*")
    async with opened(url) as store:
        key = fresh()
        with pytest.raises(StoreError, match=advice):
            await store.swap(key, None, b"value", ttl=TTL)
        assert await store.read(key) is None
        with pytest.raises(StoreError, match=advice):
            await store.changed(key, None, 5.0)


async def test_a_key_of_others_has_to_be_moved(own: ValkeyServer) -> None:
    """Something else than a string under a key is not ours, and stays as it is."""
    own.ask("LPUSH", "mintonce:key", "something")
    assert StoreError is await refused(own.url(), "holds something under the key that is not ours")
    assert own.ask("LRANGE", "mintonce:key", "0", "-1").endswith(b"something\r\n")


async def test_a_database_that_is_not_there(own: ValkeyServer) -> None:
    """The number of a database may be too high."""
    assert StoreError is await refused(own.url() + "?db=99", "has no database of this number")


async def test_a_server_that_is_full(own: ValkeyServer) -> None:
    """Out of memory, a swap is refused and reading goes on; with memory, all goes on."""
    key = fresh()
    async with opened(own.url()) as store:
        await put(store, key, b"value")
        own.ask("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreUnavailable, match="out of memory"):
            await store.swap(key, b"value", b"new", ttl=TTL)
        await asyncio.wait_for(store.changed(key, b"new", 60.0), 2)  # nobody is told that it is
        assert b"value" == await store.read(key)
        own.ask("CONFIG", "SET", "maxmemory", "0")
        await put(store, key, b"new")


async def test_a_replica_that_cannot_be_written(own: ValkeyServer) -> None:
    """After a failover the old master is read-only; the next call looks for the new one."""
    key = fresh()
    async with opened(own.url()) as store:
        await put(store, key, b"value")
        own.ask("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(StoreUnavailable, match="read-only replica"):
            await store.swap(key, b"value", b"new", ttl=TTL)
        assert lines_of(store)[0].lost
        own.ask("REPLICAOF", "NO", "ONE")
        await put(store, key, b"new")


async def test_a_server_that_is_busy(own: ValkeyServer) -> None:
    """A script that runs for ever makes the server unavailable, until it is killed."""
    own.ask("CONFIG", "SET", "busy-reply-threshold", "1")
    async with opened(own.url()) as store:
        await store.read("key")
        endless = asyncio.create_task(asyncio.to_thread(own.ask, "EVAL", "while true do end", "0"))
        while not own.ask("PING").startswith(b"-BUSY"):
            await moment()
        with pytest.raises(StoreUnavailable, match="is busy with a script"):
            await store.read("key")
        own.ask("SCRIPT", "KILL")
        await endless
        assert await store.read("key") is None


async def test_a_server_with_too_many_clients(own: ValkeyServer) -> None:
    """Who comes late is told so, and gets in when others have left."""
    own.ask("CONFIG", "SET", "maxclients", "1")
    async with opened(own.url()) as one, opened(own.url()) as two:
        await one.read("key")
        with pytest.raises(StoreUnavailable):
            await two.read("key")
        await one.aclose()
        assert await as_soon_as_possible(partial(two.read, "key")) is None


async def test_a_server_that_does_not_know_the_commands(own: ValkeyServer) -> None:
    """What such a server quotes of a command is not passed on: it may be a token."""
    own.ask("ACL", "SETUSER", "default", "on")
    own.stop()
    renamed = ValkeyServer(own.directory, *("--rename-command", "EVALSHA", ""))
    renamed.start()
    async with opened(renamed.url()) as store:
        with pytest.raises(StoreError, match="answers with ERR") as caught:
            await store.swap("key", None, b"a-token", ttl=TTL)
    renamed.kill()
    assert "a-token" not in str(caught.value)


async def test_a_prefix_keeps_stores_apart(valkey: ValkeyServer) -> None:
    """Stores with other prefixes share a server and nothing else."""
    key = fresh()
    async with opened(valkey.url()) as one, opened(valkey.url() + "?prefix=other-") as two:
        await put(one, key, b"value")
        assert await two.read(key) is None
        await put(two, key, b"other")
        assert b"value" == await one.read(key)
    assert b"other" in valkey.ask("GET", f"other-{key}")
    assert "prefix='other-'" in repr(RedisStore.from_url(valkey.url() + "?prefix=other-"))
