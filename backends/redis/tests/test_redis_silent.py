"""No password and no value in what is printed, logged or raised, whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from redis.asyncio import Redis
from redis.credentials import CredentialProvider

from backing.using import TTL
from listening import Ear, listening, talkative
from marks import SECRET, TOKEN, marks_in
from mintonce import MintonceError, StoreError, UsageError
from mintonce_redis import RedisStore
from tls_proxy import tls_to
from using import lines_of
from valkey_fleet import free_port
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio

VALUE = TOKEN.encode()


@asynccontextmanager
async def silence() -> AsyncIterator[Ear]:
    """Hear all that is said in the block, and insist that it gives nothing away."""
    talkative(asyncio.get_running_loop())
    with listening() as ear:
        yield ear
    assert [] == marks_in("\n".join(ear.said))


async def note_all(ear: Ear, url: str, *, seen: bytes | None = None) -> int:
    """Note how a store prints, and how each call fails; and return how many did."""
    store, failed = RedisStore.from_url(url), 0
    for call in (
        partial(store.read, "key"),
        partial(store.swap, "key", seen, VALUE, ttl=TTL),
        partial(store.swap, "key", VALUE, VALUE + VALUE, ttl=TTL),
        partial(store.changed, "key", VALUE, 5.0),
    ):
        try:
            await call()
        except MintonceError as error:
            ear.note(error)
            failed += 1
        ear.note(store, *lines_of(store), *asyncio.all_tasks())
    await store.aclose()
    return failed


def with_login(url: str, user: str = "app") -> str:
    """The URL with a user and the marked password."""
    return url.replace("unix://", f"unix://{user}:{quote(SECRET, safe='')}@")


def login(server: ValkeyServer, *rules: str) -> str:
    """Make a user with the marked password, and return the URL for it."""
    server.ask("ACL", "SETUSER", "app", "on", f">{SECRET}", *rules)
    return with_login(server.url())


def after(server: ValkeyServer, *command: str) -> str:
    """Send a command, and return the URL for a user who may do all."""
    server.ask(*command)
    return login(server, "+@all", "~*", "&*")


TROUBLE: dict[str, Callable[[ValkeyServer], str]] = {
    "a wrong password": lambda server: with_login(server.url()),
    "no permission": lambda server: login(server, "+get", "~*"),
    "no channels": lambda server: login(server, "+@all", "~*"),
    "another type": lambda server: after(server, "LPUSH", "mintonce:key", TOKEN),
    "no memory": lambda server: after(server, "CONFIG", "SET", "maxmemory", "1"),
    "a replica": lambda server: after(server, "REPLICAOF", "h", "1"),
    "no database": lambda server: login(server, "+@all", "~*", "&*") + "?db=99",
}


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_refusals_are_silent(own: ValkeyServer, trouble: str) -> None:
    """What a server refuses is told without what was sent to it."""
    url = TROUBLE[trouble](own)
    async with silence() as ear:
        assert await note_all(ear, url)


@pytest.mark.parametrize("command", ["HELLO", "EVALSHA", "EVAL", "GET", "SUBSCRIBE"])
async def test_a_command_that_the_server_quotes(place: Path, command: str) -> None:
    """Servers quote the commands that they do not know, with a password or a token in them."""
    server = ValkeyServer(place, "--rename-command", command, "")
    server.start()
    async with silence() as ear:
        assert await note_all(ear, login(server, "+@all", "~*", "&*"))
    server.kill()


async def test_a_server_that_is_away(own: ValkeyServer) -> None:
    """Neither an attempt to connect nor a cut connection tells the password."""
    url = login(own, "+@all", "~*", "&*")
    async with silence() as ear:
        assert 0 == await note_all(ear, url)
        store = RedisStore.from_url(url)
        await store.read("key")
        swaps = [asyncio.create_task(store.swap("key", VALUE, VALUE, ttl=TTL)) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.to_thread(own.kill)
        ear.note(*await asyncio.gather(*swaps, return_exceptions=True))
        ear.note(*lines_of(store))
        await store.aclose()
        assert 4 == await note_all(ear, url)


class Provider(CredentialProvider):
    """A program's way to get a password, which fails and tells too much."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def get_credentials_async(self) -> tuple[str, str]:
        """Fail."""
        raise self._error


@pytest.mark.parametrize(
    "kind", [OSError, ValueError, redis.ConnectionError, redis.TimeoutError, redis.RedisError]
)
@pytest.mark.parametrize("over", ["socket", "port"])
async def test_a_credential_provider_that_fails(
    valkey: ValkeyServer, place: Path, kind: type[Exception], over: str
) -> None:
    """What code of the program says is not repeated, however it comes to us."""
    provider = Provider(kind(SECRET))
    async with silence() as ear, tls_to(valkey.path, place) as (port, ca):
        store = RedisStore(
            Redis(unix_socket_path=str(valkey.path), credential_provider=provider)
            if over == "socket"
            else Redis(port=port, ssl=True, ssl_ca_certs=str(ca), credential_provider=provider)
        )
        with pytest.raises(StoreError) as caught:
            await store.read("key")
        ear.note(caught.value)
        await store.aclose()


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+cluster", "redis+sentinel"])
async def test_hosts_that_are_away(scheme: str) -> None:
    """Nor do the errors of those who look for a server."""
    secret = quote(SECRET, safe="")
    service = "/orders?sentinel_password=" + secret if "sentinel" in scheme else ""
    async with silence() as ear:
        url = f"{scheme}://{secret}:{secret}@127.0.0.1:{free_port()}{service}"
        assert 4 == await note_all(ear, url)


async def test_a_listener_that_is_no_server(place: Path) -> None:
    """Somebody who repeats what he is told is not repeated."""

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(b"-" + (await reader.read(1 << 16)).replace(b"\r\n", b" ") + b"\r\n")
            await writer.drain()
        writer.close()

    listener = await asyncio.start_unix_server(repeat, place / "v.sock")
    async with silence() as ear:
        assert 4 == await note_all(ear, with_login(f"unix://{place}/v.sock"))
    listener.close()


@pytest.mark.parametrize("url", ["redis://{}@h:p", "redis://h/{}", "redis://h?{}=1", "{}://h"])
async def test_urls_are_not_repeated(url: str) -> None:
    """A URL that makes no sense is not printed."""
    async with silence() as ear:
        for secret in (SECRET, quote(SECRET, safe="")):
            with pytest.raises((UsageError, StoreError)) as caught:
                RedisStore.from_url(url.format(secret))
            ear.note(caught.value)
