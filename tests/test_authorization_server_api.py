"""The API behind the authorization server takes live tokens, and those only."""

from __future__ import annotations

import pytest

from asking import CLIENTS, ask, basic, call, send
from mintonce.testing import AuthorizationServer, ManualClock

pytestmark = pytest.mark.asyncio

REJECTED = (401, 'Bearer error="invalid_token"')


async def verdict(server: AuthorizationServer, token: str) -> tuple[int, str | None]:
    """Status and challenge of a call with this token."""
    answer = await call(server, token)
    return answer.status, answer.headers.get("WWW-Authenticate")


async def test_a_live_token_opens_the_api() -> None:
    """By any method; the calls are counted."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        token = (await ask(server)).token
        for method in ("GET", "POST"):
            answer = await call(server, token, method)
            assert (200, {"ok": True}) == (answer.status, answer.json)
        assert (2, 0) == (server.calls, server.rejections)


async def test_an_unknown_token_is_rejected() -> None:
    """With the challenge of RFC 6750 section 3.1."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        assert REJECTED == await verdict(server, "made-up")
        assert (1, 1) == (server.calls, server.rejections)


@pytest.mark.parametrize("headers", [{}, basic("user", "password")])
async def test_who_brings_no_token_is_only_told_the_scheme(headers: dict[str, str]) -> None:
    """RFC 6750 section 3.1: without authentication information there is no error code."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        answer = await send("GET", server.resource_url, headers=headers)
        assert (401, "Bearer") == (answer.status, answer.headers["WWW-Authenticate"])


async def test_a_token_is_a_bearer_token() -> None:
    """A live token under the name of another scheme opens nothing."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        token = (await ask(server)).token
        headers = {"Authorization": f"Basic {token}"}
        assert 401 == (await send("GET", server.resource_url, headers=headers)).status


async def test_tokens_expire_by_the_clock_of_the_server() -> None:
    """To the second, and no wait is needed to see it."""
    clock = ManualClock()
    async with AuthorizationServer(clients=CLIENTS, lifetime=60, clock=clock) as server:
        token = (await ask(server)).token
        clock.advance(59)
        assert (200, None) == await verdict(server, token)
        clock.advance(1)
        assert REJECTED == await verdict(server, token)
        assert not server.is_live(token)


async def test_one_token_is_revoked() -> None:
    """The others go on."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        revoked, other = [(await ask(server)).token for _ in range(2)]
        server.revoke(revoked)
        assert REJECTED == await verdict(server, revoked)
        assert (200, None) == await verdict(server, other)


async def test_all_tokens_are_revoked() -> None:
    """Those that come later are not."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        tokens = [(await ask(server)).token for _ in range(2)]
        server.revoke_all()
        assert [REJECTED] * 2 == [await verdict(server, token) for token in tokens]
        assert (200, None) == await verdict(server, (await ask(server)).token)
