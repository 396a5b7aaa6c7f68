"""Stores that speak TLS: who they trust, and what they say when they do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from backing.using import fresh, put
from mintonce import StoreError, StoreUnavailable
from mintonce_redis import RedisStore, recipes
from tls_proxy import tls_to
from using import opened, waiting
from valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio

QUICKLY: Mapping[str, float] = {"socket_connect_timeout": 0.3, "socket_timeout": 0.3}
"""Options of connections that have less patience than those of a store."""


@pytest.mark.parametrize("scheme", ["rediss", "valkeys"])
async def test_a_server_that_is_trusted(valkey: ValkeyServer, place: Path, scheme: str) -> None:
    """All works over TLS as it does without."""
    key = fresh()
    async with (
        tls_to(valkey.path, place) as (port, ca),
        opened(f"{scheme}://localhost:{port}?ssl_ca_certs={ca}") as store,
    ):
        await put(store, key, b"value")
        waits = await waiting(store, key, b"value")
        await put(store, key, b"new")
        await asyncio.wait_for(waits, 2)
        assert b"new" == await store.read(key)


async def test_a_client_with_tls(valkey: ValkeyServer, place: Path) -> None:
    """A store over a client speaks TLS if that does."""
    key = fresh()
    async with tls_to(valkey.path, place) as (port, ca):
        store = RedisStore(Redis(host="localhost", port=port, ssl=True, ssl_ca_certs=str(ca)))
        await put(store, key, b"value")
        assert b"value" == await store.read(key)
        await store.aclose()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_server_that_is_not_trusted(valkey: ValkeyServer, place: Path, host: str) -> None:
    """It has to be mended, and is not taken for a server that is away."""
    async with tls_to(valkey.path, place) as (port, ca):
        trust = f"?ssl_ca_certs={ca}" if host != "localhost" else ""
        async with opened(f"rediss://{host}:{port}{trust}") as store:
            with pytest.raises(StoreError, match="cannot be trusted") as caught:
                await store.read("key")
    assert StoreError is type(caught.value)


@pytest.mark.parametrize("scheme", ["rediss", "rediss+cluster", "rediss+sentinel"])
@pytest.mark.parametrize(
    ("setting", "advice"),
    {
        "ssl_ca_certs=/nowhere": r"no such file or directory\): correct ssl_ca_certs$",
        "ssl_ca_certs=/": "correct ssl_ca_certs$",
        f"ssl_ca_certs={__file__}": r"NO_CERTIFICATE_OR_CRL_FOUND\): correct ssl_ca_certs$",
        "ssl_certfile=/nowhere&ssl_keyfile=/nowhere": "correct ssl_certfile, ssl_keyfile$",
        "ssl_keyfile=/nowhere": "correct ssl_keyfile$",
        "ssl_ciphers=none": "correct ssl_ciphers$",
    }.items(),
)
async def test_settings_that_cannot_work(scheme: str, setting: str, advice: str) -> None:
    """They have to be mended: taken for a server that is away, each process would mint."""
    async with opened(f"{scheme}://127.0.0.1:1/{'x' * scheme.endswith('l')}?{setting}") as store:
        for _ in range(2):
            with pytest.raises(StoreError, match=advice) as caught:
                await store.read("key")
            assert StoreError is type(caught.value)


async def test_a_place_that_is_called_certificate(own: ValkeyServer) -> None:
    """Only what OpenSSL says is about trust; a server that is away stays one, however named."""
    for url in (f"unix://{own.directory}/certificate", "redis://certificate.invalid"):
        async with opened(url) as store:
            with pytest.raises(StoreUnavailable, match="cannot be reached: no such"):
                await store.read("key")


async def test_a_server_without_tls() -> None:
    """Who speaks TLS to a server that does not is told that this may be it."""

    async def answers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"-ERR Protocol error\r\n")
        writer.close()

    listener = await asyncio.start_server(answers, "localhost", 0)
    port = listener.sockets[0].getsockname()[1]
    async with opened(f"rediss://localhost:{port}") as store:
        with pytest.raises(StoreError, match="does not speak TLS"):
            await store.read("key")
    listener.close()


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """A port on which nobody ever says anything."""
    came: list[asyncio.StreamWriter] = []
    listener = await asyncio.start_server(lambda _, writer: came.append(writer), "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for writer in came:
            writer.transport.abort()


@pytest.mark.parametrize(
    ("url", "reason"),
    {
        "rediss://127.0.0.1:{}": "cannot be reached: no answer in time, or it speaks no TLS",
        "rediss+sentinel://127.0.0.1:{}/orders": r"\(no answer in time, or it speaks no TLS\)",
        "redis://127.0.0.1:{}": "cannot be reached: no answer in time",
    }.items(),
)
async def test_a_server_that_does_not_greet(
    url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that speaks no TLS may wait for more of what it takes for a command."""
    monkeypatch.setattr(recipes, "_OURS", {**recipes._OURS, **QUICKLY})
    async with silent() as port, opened(url.format(port)) as store:
        with pytest.raises(StoreUnavailable, match=f"{reason}$"):
            await store.read("key")


async def test_a_server_that_greets_and_hangs(
    own: ValkeyServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has shaken hands speaks TLS."""
    monkeypatch.setattr(recipes, "_OURS", {**recipes._OURS, **QUICKLY})
    async with tls_to(own.path, place) as (port, ca):
        own.pause()
        async with opened(f"rediss://localhost:{port}?ssl_ca_certs={ca}") as store:
            with pytest.raises(StoreUnavailable, match=r"cannot be reached: no answer in time$"):
                await store.read("key")
        own.resume()
