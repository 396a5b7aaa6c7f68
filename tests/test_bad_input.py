"""Bad input, as a manager meets it: an error that says what to do, and nothing is lost by it."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest
import trustme

from managing import Handmade, credentials, manager, server_of
from mintonce import Budget, TokenManager, TokenRequestError, UsageError
from mintonce.testing import Fault, ManualClock
from mintonce.testing.server import OMIT, RawJson

pytestmark = pytest.mark.asyncio

BUDGET = Budget(10, per="day")

# What comes back, what is told of it, and whether it may have cost a token.
ANSWERS: dict[str, tuple[Fault, str, str]] = {
    "wrong secret": (
        Fault.status(401, json={"error": "invalid_client"}),
        "answered 401 invalid_client",
        "refused",
    ),
    "redirect": (
        Fault.redirect("https://elsewhere.example/token"),
        "redirects .307. to https://elsewhere.example/token; set token_url",
        "refused",
    ),
    "a web page": (Fault.html(), "is HTML, perhaps from a proxy", "lost"),
    "nothing": (Fault.empty(), "is empty", "lost"),
    "an error with status 200": (
        Fault.body('{"error": "unauthorized_client"}'),
        "200 unauthorized_client",
        "refused",
    ),
    "no token": (Fault.members(access_token=OMIT), "holds no access_token", "lost"),
    "a line break": (Fault.members(access_token="a\nb"), "cannot go into a header", "lost"),
    "another type": (Fault.members(token_type="mac"), "token_type that is not", "lost"),
    "a megabyte": (Fault.oversized(), "is longer than 64 KiB", "lost"),
    "no life": (Fault.expires_in(0), "has already expired", "lost"),
    "less than no life": (Fault.expires_in(-5), "has already expired", "lost"),
    "no answer": (Fault.hang(), r"no answer within 0\.3 s", "lost"),
    "the connection breaks": (Fault.reset(), "no answer came", "lost"),
}


@pytest.mark.parametrize(("fault", "told", "outcome"), ANSWERS.values(), ids=ANSWERS)
async def test_what_the_server_answers(fault: Fault, told: str, outcome: str) -> None:
    """It is told in words, written in the ledger, and over once the server is well again."""
    clock = ManualClock()
    async with (
        server_of() as server,
        manager(server, clock=clock, budget=BUDGET, mint_timeout=0.3) as tokens,
    ):
        server.fail(fault)
        with pytest.raises(TokenRequestError, match=told):
            await tokens.get()
        status = await tokens.status()
        assert [outcome] == [mint.outcome for mint in status.mints]
        assert (0 if outcome == "refused" else 1) == status.budgets[0].used
        assert status.lease is None
        clock.advance(60)
        await tokens.get()
        assert 2 == server.requests


LIVES: dict[str, tuple[object, float]] = {
    "missing": (OMIT, 300),
    "null": (None, 300),
    "a string": ("3600", 3600),
    "a fraction": (3600.5, 3600.5),
    "absurd": (1e12, 30 * 86_400),
    "not a number": (RawJson("NaN"), 300),
    "endless": (RawJson("1e999"), 30 * 86_400),
    "a word": ("soon", 300),
}


@pytest.mark.parametrize(("value", "lifetime"), LIVES.values(), ids=LIVES)
async def test_how_long_a_token_lives(value: object, lifetime: float) -> None:
    """Whatever the server writes: the token is handed out, for a time that makes sense."""
    clock = ManualClock()
    async with server_of() as server, manager(server, clock=clock) as tokens:
        server.fail(Fault.expires_in(value))
        token = await tokens.get()
        assert lifetime == token.lifetime
        clock.advance(lifetime - 0.001)
        assert token == await tokens.get()
        clock.advance(0.001)
        assert token != await tokens.get()


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


UNREACHABLE = {
    "https://no-such-host.invalid/token": "no such host",
    f"http://127.0.0.1:{closed_port()}/token": "connection refused",
}


@pytest.mark.parametrize(("url", "told"), UNREACHABLE.items(), ids=["no host", "no listener"])
async def test_a_server_that_is_not_there(url: str, told: str) -> None:
    """It costs nothing of the budget, and the error comes after a few tries."""
    async with server_of() as server:
        source = credentials(server, token_url=url)
        async with TokenManager(source, budget=BUDGET) as tokens:
            with pytest.raises(TokenRequestError, match=told) as caught:
                await tokens.get()
            assert "cannot be reached" in str(caught.value)
            assert not caught.value.may_have_issued
            assert 0 == (await tokens.status()).budgets[0].used


async def test_a_certificate_that_nobody_trusts() -> None:
    """The secret is not sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with server_of(ssl_context=context) as server, manager(server) as tokens:
        with pytest.raises(
            TokenRequestError, match=r"TLS failed.*private CA.*SSL_CERT_FILE.*session="
        ):
            await tokens.get()
        assert 0 == server.requests


async def test_http_to_another_host() -> None:
    """It is refused before there is a manager."""
    async with server_of() as server:
        with pytest.raises(UsageError, match="https"):
            credentials(server, token_url="http://auth.example.com/token")


OPTIONS: dict[str, dict[str, Any]] = {
    "refresh_ahead": {"refresh_ahead": -1},
    "mint_timeout": {"mint_timeout": 0},
    "without_store": {"without_store": "perhaps"},
    "the store": {"store": "/var/lib/tokens"},
    "ledger": {"budget": [Budget(1, per="day", name=name) for name in ("a", "b")]},
}


@pytest.mark.parametrize(("told", "options"), OPTIONS.items(), ids=OPTIONS)
async def test_options_that_make_no_sense(told: str, options: dict[str, Any]) -> None:
    """The manager cannot be made, and the message names what to change."""
    with pytest.raises(UsageError, match=told):
        TokenManager(Handmade(), **options)
