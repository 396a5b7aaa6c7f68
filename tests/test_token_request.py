"""What one token request looks like, and what never gets into it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest

from hostile import TOKEN, Hostile, http
from mintonce.credentials import ClientCredentials
from mintonce.errors import TokenRequestError

pytestmark = pytest.mark.asyncio

ODD = "p+a/s%s w:ö&=rd"
METHODS = {"client_secret_post": None, "client_secret_basic": "Basic b3JkZXJzOnMzY3IzdA=="}


async def mint(url: str, **options: Any) -> dict[str, Any]:
    """Send one token request to `url`."""
    least: dict[str, Any] = {"token_url": url, "client_id": "orders", "client_secret": "s3cr3t"}
    return await ClientCredentials(**least | options).mint()


async def sent(**options: Any) -> Hostile:
    """The server that got one token request, with what it got."""
    async with Hostile(http()) as server:
        assert TOKEN == (await mint(server.url, **options))["access_token"]
    assert 1 == len(server.requests)
    return server


async def test_the_request() -> None:
    """RFC 6749 section 4.4.2, with the parameters of Auth0 and RFC 8707."""
    server = await sent(
        audience="https://api.example.com",
        scope=["write", "read write"],
        resource=["urn:b", "urn:a"],
        extra={"organization": "ö&="},
    )
    assert [
        ("grant_type", "client_credentials"),
        ("audience", "https://api.example.com"),
        ("scope", "write read"),
        ("resource", "urn:b"),
        ("resource", "urn:a"),
        ("organization", "ö&="),
        ("client_id", "orders"),
        ("client_secret", "s3cr3t"),
    ] == server.form
    assert server.requests[-1].startswith("POST /token HTTP/1.1\r\n")
    assert "application/x-www-form-urlencoded" == server.header("Content-Type")
    assert "application/json" == server.header("Accept")
    assert None is server.header("Authorization")


async def test_the_secret_in_the_form() -> None:
    """``client_secret_post`` survives every character."""
    server = await sent(client_secret=ODD, client_id=ODD)
    assert (ODD, ODD) == (dict(server.form)["client_id"], dict(server.form)["client_secret"])


async def test_the_secret_in_the_header() -> None:
    """``client_secret_basic`` encodes both before it joins them (RFC 6749 section 2.3.1)."""
    server = await sent(client_secret=ODD, client_id=ODD, auth_method="client_secret_basic")
    scheme, _, proof = (server.header("Authorization") or "").partition(" ")
    user, password = base64.b64decode(proof).decode().split(":")
    assert ("Basic", ODD, ODD) == (scheme, unquote(user), unquote(password))
    assert "+" not in user
    assert [("grant_type", "client_credentials")] == server.form


@pytest.mark.parametrize("expires_in", [None, "soon", [], float("nan"), ...])
async def test_the_lifetime_that_is_assumed(expires_in: Any) -> None:
    """Where the server names none that makes sense, `default_lifetime` stands in for it."""
    content = {"access_token": "t"} | ({} if expires_in is ... else {"expires_in": expires_in})
    async with Hostile(http(200, content)) as server:
        assert 42 == (await mint(server.url, default_lifetime=42))["expires_in"]


@pytest.mark.parametrize("method", METHODS)
async def test_nothing_of_a_session_but_its_way(method: str) -> None:
    """Neither the middlewares nor the credentials of a session get into a token request."""

    async def add(request: aiohttp.ClientRequest, send: Any) -> aiohttp.ClientResponse:
        request.headers["Authorization"] = "Bearer from-a-middleware"
        response: aiohttp.ClientResponse = await send(request)
        return response

    headers = {"Authorization": "Bearer from-the-session"}
    async with aiohttp.ClientSession(headers=headers, middlewares=[add]) as session:
        server = await sent(session=session, auth_method=method)
        assert not session.closed
    assert METHODS[method] == server.header("Authorization")


async def test_an_error_is_read_whatever_the_session_does_with_it() -> None:
    """A session that raises for a status of its own accord does not hide what the server says."""
    async with (
        Hostile(http(401, {"error": "invalid_client"})) as server,
        aiohttp.ClientSession(raise_for_status=True) as session,
    ):
        with pytest.raises(TokenRequestError, match="answered 401 invalid_client"):
            await mint(server.url, session=session)


@pytest.mark.parametrize("method", METHODS)
async def test_no_credentials_from_a_netrc_file(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A netrc entry for the server changes nothing, not even in a session that trusts it."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with aiohttp.ClientSession(trust_env=True) as session:
        for options in ({"session": session}, {}):
            server = await sent(auth_method=method, **options)
            assert METHODS[method] == server.header("Authorization")


async def test_no_proxy_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is used when a session says so, and not because a variable is set somewhere."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with Hostile(http()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        await sent()
        assert [] == proxy.requests
        async with aiohttp.ClientSession(trust_env=True) as session:
            assert await mint("http://localhost:9/token", session=session)
        assert proxy.requests[0].startswith("POST http://localhost:9/token HTTP/1.1\r\n")
