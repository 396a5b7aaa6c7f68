"""A token request that cannot be sent costs nothing; one that was sent and got no answer may."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import traceback
import warnings
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import aiohttp
import anyio
import pytest
import trustme

from hostile import TOKEN, Hostile, http
from mintonce.credentials import ClientCredentials
from mintonce.credentials.endpoint import TokenRequest, request_token
from mintonce.errors import TokenRequestError
from mintonce.token import Secret

pytestmark = pytest.mark.asyncio

CA = trustme.CA()


def serving(*names: str) -> ssl.SSLContext:
    """What a server needs to speak TLS under these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert(*names).configure_cert(context)
    return context


@asynccontextmanager
async def trusting() -> AsyncGenerator[aiohttp.ClientSession, None]:
    """A session that trusts the CA of these tests, as one would make it for a private CA."""
    context = ssl.create_default_context()
    CA.configure_trust(context)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield session


def source(url: str, **options: Any) -> ClientCredentials:
    """Credentials for a token endpoint."""
    return ClientCredentials(token_url=url, client_id="orders", client_secret="s3cr3t", **options)


async def failure(url: str, **options: Any) -> TokenRequestError:
    """The error that comes of asking there."""
    with pytest.raises(TokenRequestError) as caught:
        await source(url, **options).mint()
    assert not caught.value.permanent
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "https://no-such-host.invalid/token",
        "https://two..dots.invalid/token",
        "https://1234.1.1.1/token",
        f"https://{'a' * 64}.invalid/token",
    ],
)
async def test_an_unknown_host(url: str) -> None:
    """Nothing was sent, and the message names the host."""
    error = await failure(url)
    assert f"{url} cannot be reached: no such host" in str(error)
    assert not error.may_have_issued


async def test_a_refused_connection() -> None:
    """Nothing was sent."""
    async with Hostile() as server:
        url = server.url
    error = await failure(url)
    assert f"{url} cannot be reached: connection refused" == str(error)
    assert not error.may_have_issued


async def test_a_connection_that_takes_too_long() -> None:
    """The time to connect has a limit of its own, so that it is known that nothing was sent."""
    async with Hostile() as server:  # speaks no TLS, so the handshake never ends
        url = server.url.replace("http:", "https:")
        request = TokenRequest(url, (), "orders", Secret("s3cr3t"))
        with pytest.raises(
            TokenRequestError, match="cannot be reached: no connection in time"
        ) as c:
            await request_token(request, connect_timeout=0.05)
        assert not c.value.may_have_issued


async def test_a_certificate_of_nobody_we_know() -> None:
    """The message says what is wrong and how to trust a private CA."""
    async with Hostile(http(), tls=serving("127.0.0.1")) as server:
        error = await failure(server.url)
        assert [] == server.requests
    assert "cannot be reached: TLS failed, unable to get local issuer certificate" in str(error)
    assert "pass a session=" in str(error)
    assert not error.may_have_issued


async def test_a_certificate_for_another_host() -> None:
    """A known CA does not help a server that is not who was asked."""
    async with trusting() as session, Hostile(http(), tls=serving("other.example")) as server:
        error = await failure(server.url, session=session)
    assert "is not valid for '127.0.0.1'" in str(error)
    assert not error.may_have_issued


async def test_no_tls_where_https_was_asked_for() -> None:
    """A server that speaks plain HTTP gets neither the secret nor a second chance without TLS."""
    async with Hostile() as server:
        server.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        error = await failure(server.url.replace("http:", "https:"))
    assert "TLS failed" in str(error)
    assert not error.may_have_issued


async def test_a_private_ca_in_a_session() -> None:
    """A session with an SSL context of its own reaches a server that only it trusts."""
    async with trusting() as session, Hostile(http(), tls=serving("127.0.0.1")) as server:
        assert TOKEN == (await source(server.url, session=session).mint())["access_token"]
        assert not session.closed


@pytest.mark.parametrize(
    ("answer", "then", "told"),
    [
        (b"", "close", "the connection was closed"),
        (b"", "reset", "connection reset by peer"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "close", "what came is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n", "close", "what came is not HTTP"),
        (http(200, x="y" * 10_000), "close", "what came is not HTTP"),
        (http(200, **{f"x{n}": "" for n in range(1000)}), "close", "what came is not HTTP"),
        (http(200, content_encoding="br"), "close", "what came is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "close", "the connection was closed"),
    ],
    ids=["closed", "reset", "ssh", "bad header", "long", "many", "unknown coding", "cut"],
)
async def test_no_answer_to_a_request_that_was_sent(answer: bytes, then: Any, told: str) -> None:
    """A token may exist: the request has arrived, and was sent only once."""
    async with Hostile(answer, then) as server:
        error = await failure(server.url)
        assert 1 == len(server.requests)
    assert f"{server.url} was asked, but no answer came: {told}" == str(error)
    assert error.may_have_issued


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (http(407, b"who are you?"), "the proxy of the session refuses"),
        (b"", "the connection was closed"),
    ],
)
async def test_a_proxy_that_refuses(answer: bytes, told: str) -> None:
    """The server behind it was not asked, and the password of the proxy is not shown."""
    async with Hostile(answer) as proxy:
        url = proxy.url.replace("http://", "http://me:pr0xy-s3cr3t@")
        async with aiohttp.ClientSession(proxy=url) as session:
            error = await failure("https://auth.invalid/token", session=session)
        assert proxy.requests[0].startswith("CONNECT auth.invalid:443 HTTP/1.1\r\n")
    assert told in str(error)
    assert "pr0xy-s3cr3t" not in "".join(traceback.format_exception(error))
    assert "Authorization: Basic" in proxy.requests[0].partition("Proxy-")[2]


async def test_a_certificate_that_is_pinned() -> None:
    """A session may expect one certificate only; another one gets no request."""
    pinned = aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(b"x" * 32))
    async with (
        aiohttp.ClientSession(connector=pinned) as session,
        Hostile(http(), tls=serving("127.0.0.1")) as server,
    ):
        error = await failure(server.url, session=session)
        assert [] == server.requests
    assert "another certificate than the session expects" in str(error)
    assert not error.may_have_issued


async def test_a_server_that_lets_nobody_in() -> None:
    """Half of the time is for the connection, so that it is known that nothing was sent."""
    with ExitStack() as opened:
        full, *waiting = (opened.enter_context(socket.socket()) for _ in range(5))
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/token"
        send = await source(url).prepare(timeout=0.4)
        async with asyncio.timeout(5):
            with pytest.raises(TokenRequestError, match="no connection in time") as caught:
                await send()
    assert not caught.value.may_have_issued


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"])
async def test_cancelling_closes_the_connection(begun: bytes) -> None:
    """A cancelled mint is over at once, and leaves nothing behind that Python would warn of."""
    async with Hostile(begun, "hang") as server:
        minting = asyncio.create_task(source(server.url).mint())
        await server.arrived.wait()
        minting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await minting
        await asyncio.wait_for(server.gone.wait(), 5)
    del minting
    with warnings.catch_warnings(record=True) as warned:
        gc.collect()
    assert [] == [str(warning.message) for warning in warned]


async def test_a_time_limit_around_a_mint() -> None:
    """A scope of anyio that ends, and cancels every await inside, ends it too."""
    async with Hostile(then="hang") as server:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(source(server.url).mint)
                await server.arrived.wait()
                scope.cancel()
        assert scope.cancelled_caught
        await asyncio.wait_for(server.gone.wait(), 5)
