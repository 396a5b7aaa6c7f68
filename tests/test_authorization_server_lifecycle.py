"""The authorization server starts, stands what clients do to it, ends at once and comes back."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import socket
import ssl
from contextlib import suppress

import aiohttp
import pytest
import trustme

from asking import CLIENTS, GOOD, ask, call, send
from mintonce.testing import AuthorizationServer, Fault

pytestmark = pytest.mark.asyncio

HALF_A_REQUEST = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ngrant_"


def has_ipv6_loopback() -> bool:
    """Whether there is an address to listen at."""
    with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


async def connect(server: AuthorizationServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection to the server."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def test_there_is_no_address_before_the_start() -> None:
    """A free port is chosen then; nothing needs a loop before."""
    server = AuthorizationServer()
    with pytest.raises(RuntimeError, match="before it is started"):
        _ = server.token_url
    await server.start()
    assert server.token_url.startswith("http://127.0.0.1:")
    await server.aclose()


@pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no IPv6")
async def test_it_may_listen_elsewhere() -> None:
    """An IPv6 address stands in brackets in the URL."""
    async with AuthorizationServer(clients=CLIENTS, host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert 200 == (await ask(server)).status


async def test_it_runs_once_at_a_time() -> None:
    """A second start says so; a second close does nothing."""
    async with AuthorizationServer() as server:
        with pytest.raises(RuntimeError, match="running already"):
            await server.start()
        await server.aclose()
        await server.aclose()


async def test_a_closed_server_refuses_connections_and_comes_back() -> None:
    """At the same address, with its counts and its tokens: a restart, as clients see it."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        token = (await ask(server)).token
        await server.aclose()
        with pytest.raises(aiohttp.ClientConnectorError):
            await ask(server)
        await server.start()
        assert 200 == (await call(server, token)).status
        assert 200 == (await ask(server)).status
        assert {"requests": 2, "tokens": 2, "calls": 1, "rejections": 0} == server.stats()


async def test_a_port_that_is_taken_is_an_error() -> None:
    """And the server can start once the port is free."""
    async with AuthorizationServer() as first:
        port = int(first.url.rpartition(":")[2])
        second = AuthorizationServer(port=port)
        with pytest.raises(OSError, match="in use"):
            await second.start()
    async with second:
        assert first.url == second.url


async def test_it_closes_while_requests_hang() -> None:
    """Who hangs, waits out a latency or has sent half a request is cut off."""
    async with AuthorizationServer(clients=CLIENTS, latency=3600) as server:
        server.fail(Fault.hang())
        waiting = [asyncio.create_task(ask(server)) for _ in range(2)]
        reader, writer = await connect(server)
        writer.write(HALF_A_REQUEST)
        await asyncio.wait_for(server.arrived(2), 5)
        await asyncio.wait_for(server.aclose(), 1)
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        writer.close()
        assert [aiohttp.ClientOSError] * 2 == [type(error) for error in errors]
        assert b"" == await reader.read()


async def test_clients_may_vanish(caplog: pytest.LogCaptureFixture) -> None:
    """In the middle of a request or while they wait: nothing is logged, nothing is left behind."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault(delay=math.inf))
        _, writer = await connect(server)
        writer.write(HALF_A_REQUEST)
        await writer.drain()
        writer.transport.abort()
        leaving = asyncio.create_task(ask(server))
        await asyncio.wait_for(server.arrived(1), 5)
        leaving.cancel()
        assert 200 == (await ask(server)).status
        assert (2, 2) == (server.requests, server.tokens)
    gc.collect()
    assert [] == [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


async def test_many_clients_at_once() -> None:
    """Each of them is served and counted."""
    async with AuthorizationServer(clients=CLIENTS) as server, aiohttp.ClientSession() as session:

        async def status() -> int:
            async with session.post(server.token_url, data=GOOD) as response:
                return response.status

        statuses = await asyncio.gather(*(status() for _ in range(300)))
        assert [200] * 300 == statuses
        assert (300, 300) == (server.requests, server.tokens)


async def test_https_with_the_certificate_given() -> None:
    """The address says so, who does not trust the certificate is not served, resets work."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with AuthorizationServer(clients=CLIENTS, ssl_context=context) as server:
        assert server.url.startswith("https://")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await ask(server)
        assert 200 == (await send("POST", server.token_url, data=GOOD, ssl=trusting)).status
        server.fail(Fault.reset())
        with pytest.raises(aiohttp.ClientOSError):
            await send("POST", server.token_url, data=GOOD, ssl=trusting)


async def test_one_server_serves_one_loop_after_another() -> None:
    """It is bound to no loop between a close and the next start."""
    server = AuthorizationServer(clients=CLIENTS)

    async def serve() -> int:
        async with server:
            return (await ask(server)).status

    for _ in range(2):
        assert 200 == await asyncio.to_thread(lambda: asyncio.run(serve()))
