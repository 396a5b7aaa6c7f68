"""The authorization server of ``mintonce.testing`` fails in the ways that it is told to."""

from __future__ import annotations

import asyncio
import errno
import math
import time

import aiohttp
import pytest

from asking import CLIENTS, ask
from mintonce.testing import AuthorizationServer, Fault, ManualClock
from mintonce.testing.server import OMIT, RawJson, Reply

pytestmark = pytest.mark.asyncio


async def test_faults_are_met_in_the_order_told() -> None:
    """One request each, or as many as were said; then all is well."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault.status(500), times=2)
        server.fail(Fault.status(502), times=0)
        server.fail(Fault.status(503))
        assert [500, 500, 503, 200] == [(await ask(server)).status for _ in range(4)]
        assert [500, 500, 503, 200] == [entry.status for entry in server.log]
        assert (4, 1) == (server.requests, server.tokens)


async def test_a_fault_may_last_until_the_server_is_healed() -> None:
    """Healing drops what nobody has met, too."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault.status(503), times=None)
        server.fail(Fault.status(500))
        assert [503] * 5 == [(await ask(server)).status for _ in range(5)]
        server.heal()
        assert 200 == (await ask(server)).status


@pytest.mark.parametrize("retry_after", [2, "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_status_with_retry_after(retry_after: float | str) -> None:
    """Seconds or a date, beside any other header, and an empty body."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault.status(503, retry_after=retry_after, headers={"X-Trace": "7"}))
        answer = await ask(server)
        assert (503, b"") == (answer.status, answer.body)
        assert str(retry_after) == answer.headers["Retry-After"]
        assert "7" == answer.headers["X-Trace"]


async def test_status_with_json() -> None:
    """The error codes of the RFCs, and those of anybody else."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault.status(400, json={"error": "unauthorized_client"}))
        answer = await ask(server)
        assert (400, {"error": "unauthorized_client"}) == (answer.status, answer.json)
        assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "body"),
    [
        (Fault.html(), 200, "text/html", b"<!doctype html><title>Please log in</title>"),
        (Fault.html(502), 502, "text/html", b"<!doctype html><title>Please log in</title>"),
        (Fault.empty(), 200, "application/json", b""),
        (Fault.body("nö"), 200, "application/json", "nö".encode()),
        (Fault.body(b"\xff", "text/plain", status=500), 500, "text/plain", b"\xff"),
    ],
)
async def test_other_bodies(fault: Fault, status: int, content_type: str, body: bytes) -> None:
    """What proxies and broken servers send; no token is minted."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(fault)
        answer = await ask(server)
        assert (status, body) == (answer.status, answer.body)
        assert content_type == answer.headers["Content-Type"].partition(";")[0]
        assert (1, 0) == (server.requests, server.tokens)


async def test_an_oversized_answer_is_fine_but_for_its_size() -> None:
    """Who does not look at the size takes the token."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault.oversized(size=100_000))
        answer = await ask(server)
        assert ("Bearer", 100_000) == (answer.json["token_type"], len(answer.token))
        assert 0 == server.tokens


async def test_redirect() -> None:
    """The client is sent elsewhere, with its body."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault.redirect("https://elsewhere.example/"))
        answer = await ask(server)
        assert (307, "https://elsewhere.example/") == (answer.status, answer.headers["Location"])


@pytest.mark.parametrize(("fault", "tokens"), [(Fault.reset(), 0), (Fault.lose_answer(), 1)])
async def test_a_connection_is_reset_before_or_after_the_mint(fault: Fault, tokens: int) -> None:
    """The client sees the same (RST, not a polite end); the server knows the difference."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(fault)
        with pytest.raises(aiohttp.ClientOSError) as caught:
            await ask(server)
        assert errno.ECONNRESET == caught.value.errno
        assert (1, tokens) == (server.requests, server.tokens)
        assert (None, bool(tokens)) == (server.log[0].status, server.log[0].issued)
        assert 200 == (await ask(server)).status


async def test_a_lost_refusal_is_lost_too() -> None:
    """Nothing is minted for a wrong secret, and nobody is told."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault.lose_answer())
        with pytest.raises(aiohttp.ClientOSError):
            await ask(server, client_secret="wrong")
        assert (1, 0) == (server.requests, server.tokens)


async def test_latency_is_added_to_that_of_the_server() -> None:
    """One slow answer, which is good all the same; any fault can be made slow."""
    async with AuthorizationServer(clients=CLIENTS, latency=0.02) as server:
        for fault, status in (Fault.latency(0.03), 200), (Fault.status(503).after(0.03), 503):
            server.fail(fault)
            started = time.monotonic()
            assert status == (await ask(server)).status
            assert time.monotonic() - started >= 0.05
        assert 1 == server.tokens


async def test_a_hanging_request_is_never_answered() -> None:
    """Others are, while it hangs; no token is minted for it."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault.hang())
        hanging = asyncio.create_task(ask(server))
        await asyncio.wait_for(server.arrived(1), 5)
        assert 200 == (await ask(server)).status
        assert (2, 1) == (server.requests, server.tokens)
        assert not hanging.done()
        assert math.inf == Fault.hang().delay
        hanging.cancel()


async def test_the_same_token_again_with_what_is_left_of_its_life() -> None:
    """Revoked or not, it comes back until it expires; it counts once."""
    clock = ManualClock()
    async with AuthorizationServer(clients=CLIENTS, lifetime=100, clock=clock) as server:
        server.fail(Fault.same_token(), times=None)
        first = await ask(server)
        clock.advance(60.5)
        server.revoke_all()
        again = await ask(server)
        assert (first.token, 39) == (again.token, again.json["expires_in"])
        assert [(True, 1), (False, 1)] == [(e.issued, server.tokens) for e in server.log]
        clock.advance(39.5)
        assert first.token != (await ask(server)).token
        assert 2 == server.tokens


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("3600", b'"3600"'),
        (3600.5, b"3600.5"),
        (-5, b"-5"),
        (None, b"null"),
        ("soon", b'"soon"'),
        (float("nan"), b"NaN"),
        (RawJson("1e999"), b"1e999"),
    ],
)
async def test_odd_lifetimes(value: object, literal: bytes) -> None:
    """Any JSON, and what only looks like it, in an answer with a good token."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault.expires_in(value))
        answer = await ask(server)
        assert b'"expires_in": ' + literal + b"}" in answer.body
        assert 1 == server.tokens


async def test_members_are_changed_added_and_left_out() -> None:
    """The rest of the answer is as it should be."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault.expires_in())
        assert {"access_token", "token_type"} == (await ask(server)).json.keys()
        server.fail(
            Fault.members(token_type="mac", access_token="a\nb", scope="x", expires_in=OMIT)
        )
        expected = {"access_token": "a\nb", "token_type": "mac", "scope": "x"}
        assert expected == (await ask(server)).json


async def test_any_other_fault_can_be_made_of_the_three_parts() -> None:
    """A gateway gives up after the token was minted; a 200 says that there was an error."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.fail(Fault(answer=Reply(status=504)))
        server.fail(Fault(mint="none", answer={"error": "server_error"}))
        assert (504, b"") == ((await ask(server)).status, b"")
        answer = await ask(server)
        assert (200, {"error": "server_error"}) == (answer.status, answer.json)
        assert [True, False] == [entry.issued for entry in server.log]
