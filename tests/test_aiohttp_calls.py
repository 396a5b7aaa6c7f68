"""`mintonce.aiohttp.BearerAuth` on a real server: which calls carry a token, and where it goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from api_server import Api, api_of
from managing import Handmade, credentials, manager, server_of
from mintonce import Budget, BudgetExhausted, TokenManager, TokenRequestError, UsageError
from mintonce.aiohttp import BearerAuth
from mintonce.testing import AuthorizationServer, Fault, ManualClock

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def world(
    *, origins: Any = None, **session: Any
) -> AsyncIterator[tuple[AuthorizationServer, Api, TokenManager, aiohttp.ClientSession]]:
    """An authorization server, an API, a manager, and a session that carries its tokens."""
    async with server_of() as server, api_of(server) as api, manager(server) as tokens:
        auth = BearerAuth(tokens, origins=origins)
        async with aiohttp.ClientSession(middlewares=[auth], **session) as calls:
            yield server, api, tokens, calls


async def test_calls_carry_the_token() -> None:
    """All of them the same, and for all of them one was minted."""
    async with world() as (server, api, tokens, calls):
        for path in ("/a", "/b"):
            async with calls.post(api.url + path, data=b"content") as response:
                assert (200, b"content") == (response.status, await response.read())
        assert [(await tokens.get()).access_token] * 2 == api.tokens
        assert 1 == server.requests


async def test_only_calls_of_its_origins_carry_it() -> None:
    """The origin of the first call is the one; what goes elsewhere goes as it is."""
    async with world() as (server, api, _, calls), api_of(server) as other:
        for url in (api.url, other.url):
            async with calls.get(url) as response:
                await response.read()
        assert [None] == [call.authorization for call in other.calls]
        assert 401 == response.status
        assert 1 == server.requests


async def test_several_origins() -> None:
    """If the API has several, name them."""
    async with server_of() as server, api_of(server) as one, api_of(server) as two:
        auth = BearerAuth(tokens := manager(server), origins=[one.url, two.url + "/v1"])
        async with aiohttp.ClientSession(middlewares=[auth]) as calls, tokens:
            for api in (two, one, two):
                async with calls.get(api.url) as response:
                    assert 200 == response.status


async def test_a_redirect_within_the_origin_carries_it() -> None:
    """Each hop does."""
    async with world() as (_, api, _, calls):
        async with calls.post(f"{api.url}/to", params={"url": "/there"}, data=b"x") as response:
            assert (200, b"x") == (response.status, await response.read())
        assert ["/to", "/there"] == [call.path for call in api.calls]


async def test_a_redirect_to_another_origin_carries_no_token() -> None:
    """Nor does the 401 of a stranger renew anything."""
    async with world() as (server, api, tokens, calls), api_of() as stranger:
        async with calls.get(f"{api.url}/to", params={"url": stranger.url}) as response:
            assert (401, b"who are you?") == (response.status, await response.read())
        assert [None] == [call.authorization for call in stranger.calls]
        assert (1, 0) == (server.requests, tokens.stats.rejected)


async def test_back_from_another_origin() -> None:
    """What comes home from there carries the token again."""
    async with world() as (server, api, tokens, calls), api_of(server) as stranger:
        await calls.get(api.url)
        other = await tokens.get()
        headers = {"Authorization": f"Bearer {other.access_token}"}
        async with calls.get(f"{stranger.url}/to", params={"url": api.url}, headers=headers) as r:
            assert 200 == r.status


async def test_a_call_with_an_authorization_of_its_own() -> None:
    """It is left alone: whoever set it had a reason."""
    async with world() as (server, api, _, calls):
        async with calls.get(api.url, headers={"Authorization": "Bearer mine"}) as response:
            assert 401 == response.status
        assert ["mine"] == api.tokens
        assert 0 == server.requests


async def test_a_call_without_middlewares() -> None:
    """One call may go without, and has none of it."""
    async with world() as (server, api, _, calls):
        async with calls.get(api.url, middlewares=()) as response:
            assert 401 == response.status
        assert [None] == [call.authorization for call in api.calls]
        assert 0 == server.requests


async def test_no_token_no_call() -> None:
    """The error of the manager reaches the caller, and nothing the API."""
    async with world() as (server, api, _, calls):
        server.fail(Fault.status(401, json={"error": "invalid_client"}))
        with pytest.raises(TokenRequestError):
            await calls.get(api.url)
        assert [] == api.calls


async def test_a_time_limit_covers_the_token() -> None:
    """The total of a call is the total; the mint goes on, and the next call has its token."""
    source = Handmade()
    source.open.clear()
    async with api_of() as api, TokenManager(source) as tokens:
        api.is_good = lambda token: token == "handmade-1"
        async with aiohttp.ClientSession(middlewares=[BearerAuth(tokens)]) as calls:
            with pytest.raises(TimeoutError):
                await calls.get(api.url, timeout=aiohttp.ClientTimeout(total=0.05))
            source.open.set()
            async with calls.get(api.url) as response:
                assert 200 == response.status
    assert 1 == source.requests


async def test_tokens_that_come_over_the_same_session() -> None:
    """The token request is none of the calls that carry a token."""
    async with server_of() as server, api_of(server) as api, aiohttp.ClientSession() as plain:
        async with TokenManager(credentials(server, session=plain)) as tokens:
            plain._middlewares = (BearerAuth(tokens, origins=[api.url, server.url]),)
            async with plain.get(api.url) as response:
                assert 200 == response.status
        assert 1 == server.requests


async def test_nothing_shows_the_token() -> None:
    """Neither the answer nor the error that comes of it, which both show the request."""
    async with world() as (_, api, tokens, calls):
        async with calls.get(api.url) as response:
            shown = f"{response.request_info!r} {response!r}"
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            await calls.get(f"{api.url}/forbidden", raise_for_status=True)
        shown += f"{caught.value!r} {caught.value}"
        token = (await tokens.get()).access_token
        assert token not in shown + repr(BearerAuth(tokens))
        assert api.tokens == [token, token]


async def test_websockets() -> None:
    """Their handshake is a call like others."""
    async with world() as (server, api, _, calls):
        for _ in range(2):
            async with calls.ws_connect(f"{api.url}/ws") as socket:
                await socket.send_str("hello")
                assert "hello" == await socket.receive_str()
            server.revoke_all()
        assert 2 == server.requests


async def test_an_api_that_people_can_listen_to() -> None:
    """Plain HTTP to another host is refused, before anything is sent, unless it was named."""
    async with TokenManager(source := Handmade()) as tokens:
        async with aiohttp.ClientSession(middlewares=[BearerAuth(tokens)]) as calls:
            with pytest.raises(UsageError, match="call https"):
                await calls.get("http://api.example/")
        assert 0 == source.requests


async def test_what_is_no_manager() -> None:
    """A clear error, when it is made."""
    with pytest.raises(UsageError, match="BearerAuth needs a TokenManager, not str"):
        BearerAuth("token")  # type: ignore[arg-type]  # that is the mistake


async def test_a_spent_budget_is_told_at_once() -> None:
    """A call with no token to send gets the error; until then the API itself says what is wrong."""
    clock = ManualClock()
    async with (
        server_of(clock=clock) as server,
        api_of(server) as api,
        manager(server, budget=Budget(1, per="month"), clock=clock) as tokens,
        aiohttp.ClientSession(middlewares=[BearerAuth(tokens)]) as calls,
    ):
        await calls.get(api.url)
        server.revoke_all()
        for _ in range(2):
            async with calls.get(api.url) as response:
                assert 401 == response.status
        clock.advance(3601)
        sent = len(api.calls)
        with pytest.raises(BudgetExhausted):
            await calls.get(api.url)
        assert sent == len(api.calls)
