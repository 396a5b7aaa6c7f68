"""Tokens from an authorization server that we did not write, over TLS."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import trustme

from authlib_server import Client, Server, serving
from mintonce.credentials import ClientCredentials
from mintonce.errors import TokenRequestError
from mintonce.token import from_response

pytestmark = pytest.mark.asyncio

ODD = "p+a/s%s w:&=rd~"
API = "https://api.example.com"
METHODS = ["client_secret_post", "client_secret_basic"]


@asynccontextmanager
async def running(method: str) -> AsyncGenerator[tuple[Server, aiohttp.ClientSession], None]:
    """The server with one client, and a session that trusts its certificate."""
    ca, private, trusting = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), None
    ca.issue_cert("127.0.0.1").configure_cert(private)
    trusting = ssl.create_default_context()
    ca.configure_trust(trusting)
    connector = aiohttp.TCPConnector(ssl=trusting)
    with serving(private, Client("o:r d", ODD, method)) as server:
        async with aiohttp.ClientSession(connector=connector) as session:
            yield server, session


async def mint(method: str, **options: Any) -> tuple[dict[str, Any], Server]:
    """Send one token request, and return the answer with the server."""
    async with running(method) as (server, session):
        given = {"client_secret": ODD, "auth_method": method, "audience": API} | options
        source = ClientCredentials(
            token_url=server.url, client_id="o:r d", session=session, **given
        )
        return await source.mint(), server


@pytest.mark.parametrize("method", METHODS)
async def test_a_token_for_an_audience_and_a_scope(method: str) -> None:
    """Authlib knows the client by either method, and grants what was asked for."""
    minted, server = await mint(method, scope=["read", "write"])
    assert [minted] == server.issued
    token = from_response(minted, requested_at=0)
    assert ("Bearer", "read write", 864_000) == (token.token_type, token.scope, token.expires_at)
    assert token.access_token


@pytest.mark.parametrize(
    ("options", "status", "code", "told"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", "cannot authenticate"),
        ({"scope": "admin"}, 400, "invalid_scope", "scope"),
        ({"audience": None}, 400, "invalid_request", "audience must be"),
        ({"audience": "https://other.example.com"}, 400, "invalid_request", "audience must be"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
async def test_what_authlib_refuses(
    method: str, options: dict[str, Any], status: int, code: str, told: str
) -> None:
    """Each refusal is permanent, and says what the server said."""
    with pytest.raises(TokenRequestError, match=told) as caught:
        await mint(method, **options)
    assert (status, code) == (caught.value.status, caught.value.error)
    assert (True, False) == (caught.value.permanent, caught.value.may_have_issued)


async def test_a_method_that_the_client_is_not_registered_for() -> None:
    """The secret is right but in the wrong place: a refusal, and no second try elsewhere."""
    with pytest.raises(TokenRequestError) as caught:
        await mint("client_secret_basic", auth_method="client_secret_post")
    assert "invalid_client" == caught.value.error
