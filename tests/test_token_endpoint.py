"""Whatever a token endpoint answers: a token, or an error that says what it means."""

from __future__ import annotations

import asyncio
import gzip
import time
from email.utils import formatdate
from typing import Any

import pytest

from hostile import GRANTED, Hostile, http
from mintonce.credentials import ClientCredentials
from mintonce.errors import TokenRequestError
from mintonce.token import from_response

pytestmark = pytest.mark.asyncio

HTML = b"<!DOCTYPE html><title>Sign in</title>"


async def ask(server: Hostile, **options: Any) -> dict[str, Any]:
    """Send one token request to the server."""
    source = ClientCredentials(
        token_url=server.url, client_id="orders", client_secret="s3cr3t", **options
    )
    return await source.mint()


async def failure(answer: bytes, **options: Any) -> TokenRequestError:
    """Return the error that comes of an answer; exactly one request was sent for it."""
    async with Hostile(answer, **options) as server:
        with pytest.raises(TokenRequestError) as caught:
            from_response(await ask(server), requested_at=0)
        assert 1 == len(server.requests)
        return caught.value


def oauth(error: str, description: str = "") -> dict[str, str]:
    """An error response after RFC 6749 section 5.2."""
    return {"error": error, "error_description": description}


async def test_the_members_of_a_success_are_returned() -> None:
    """What the server granted comes back as it was sent, unknown members included."""
    async with Hostile(http(200, GRANTED | {"scope": "read", "x": [1]})) as server:
        assert GRANTED | {"scope": "read", "x": [1]} == await ask(server)


@pytest.mark.parametrize(
    "content",
    [
        GRANTED | {"error": ""},
        GRANTED | {"error": None},
        GRANTED | {"error": "none"},
    ],
)
async def test_a_token_counts_more_than_an_error_beside_it(content: dict[str, Any]) -> None:
    """Some servers send the members of an error with every answer."""
    async with Hostile(http(200, content)) as server:
        assert content == await ask(server)


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("kind", ["application/json", "text/html", "text/plain"])
async def test_the_content_counts_not_what_it_is_called(status: int, kind: str) -> None:
    """Real servers send tokens under wrong content types."""
    async with Hostile(http(status, Content_Type=kind)) as server:
        assert GRANTED == await ask(server)


@pytest.mark.parametrize(
    "answer",
    [
        http(200, gzip.compress(b'{"access_token": "t"}'), Content_Encoding="gzip"),
        http(200, b'\xef\xbb\xbf{"access_token": "t"}'),
        b'HTTP/1.1 200 OK\r\n\r\n{"access_token": "t"}',
        b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{"access_token": "t"}',
    ],
    ids=["gzip", "byte order mark", "no length", "100 first"],
)
async def test_odd_but_lawful_answers_are_read(answer: bytes) -> None:
    """HTTP leaves a server some freedom in how it sends an answer."""
    async with Hostile(answer) as server:
        assert "t" == (await ask(server))["access_token"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((400, code) for code in ("invalid_request", "invalid_grant", "invalid_scope")),
        *((400, code) for code in ("unauthorized_client", "unsupported_grant_type")),
        *((400, code) for code in ("invalid_target", "something_new")),
        *((401, code) for code in ("invalid_client", "access_denied")),
        *((403, code) for code in ("access_denied", "unauthorized_client")),
        (200, "invalid_client"),
        (404, "not_found"),
    ],
)
async def test_a_refusal_is_permanent(status: int, code: str) -> None:
    """What is wrong with the request is still wrong with the next one (RFC 6749 section 5.2)."""
    error = await failure(http(status, oauth(code, "No.")))
    assert (True, False) == (error.permanent, error.may_have_issued)
    assert (status, code, None) == (error.status, error.error, error.retry_after)
    assert f"answered {status} {code}: No." in str(error)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (425, b""),
        (429, b""),
        (429, oauth("invalid_request")),
        (503, HTML),
        (503, oauth("temporarily_unavailable")),
        (400, oauth("temporarily_unavailable")),
        (400, oauth("server_error")),
        (400, oauth("slow_down")),
        (401, oauth("too_many_requests")),
        (403, oauth("rate_limit_exceeded")),
        (403, oauth("RATE_LIMIT_REACHED")),
        (400, oauth("invalid_request", "has exceeded the rate limit of 10 tokens/28800 seconds")),
        (200, oauth("temporarily_unavailable")),
    ],
)
async def test_a_refusal_that_passes(status: int, content: Any) -> None:
    """The server is busy or counts requests: no token was issued, and later it may be."""
    error = await failure(http(status, content))
    assert (False, False, status) == (error.permanent, error.may_have_issued, error.status)


async def test_a_refusal_with_a_time_to_wait_passes() -> None:
    """Who says when to come back does not say that it is useless to do so."""
    error = await failure(http(403, oauth("access_denied"), Retry_After="7"))
    assert (False, 7.0) == (error.permanent, error.retry_after)


@pytest.mark.parametrize("status", [404, 405, 410, 415, 400, 401, 403])
@pytest.mark.parametrize("content", [HTML, b"", b"[]", {"message": "?"}, {"error": {"code": 1}}])
async def test_a_refusal_without_an_oauth_error(status: int, content: Any) -> None:
    """What does not speak OAuth is probably not the token endpoint."""
    error = await failure(http(status, content))
    assert (True, False, None) == (error.permanent, error.may_have_issued, error.error)
    assert f"/token answered {status} without an OAuth error: is token_url right?" in str(error)


@pytest.mark.parametrize("status", [101, 408, 500, 501, 502, 504, 520, 599])
@pytest.mark.parametrize("content", [HTML, b"", oauth("invalid_client")])
async def test_a_failure_in_the_middle_may_have_issued_a_token(status: int, content: Any) -> None:
    """A gateway that gave up knows nothing of what the server behind it did."""
    error = await failure(http(status, content, Retry_After="5"))
    assert (False, True, status) == (error.permanent, error.may_have_issued, error.status)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://b.example/t?x=SECRET", "https://b.example/t;"),
        ("/elsewhere#x", "/elsewhere;"),
        ("https://u:p@b.example/t", "https://b.example/t;"),
        ("https://[broken", "nowhere;"),
    ],
)
async def test_a_redirect_is_told_not_followed(status: int, location: str, told: str) -> None:
    """The secret goes nowhere else; the message says what to set, without what is in a query."""
    error = await failure(http(status, b"", Location=location))
    assert (True, False, status) == (error.permanent, error.may_have_issued, error.status)
    assert told in str(error)
    assert "set token_url to" in str(error)
    assert "SECRET" not in str(error)


async def test_a_redirect_to_nowhere() -> None:
    """A 304 or a 302 without Location is refused in the same way."""
    assert "redirects (304) to nowhere" in str(await failure(http(304, b"")))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (http(200, HTML), "is HTML"),
        (http(200, b""), "is empty"),
        (http(204, b""), "is empty"),
        (http(200, b" \r\n"), "is empty"),
        (http(200, ["access_token"]), "is not a JSON object"),
        (http(200, None), "is not a JSON object"),
        (http(200, b'{"access_token": "t"'), "is not JSON"),
        (http(200, b"access_token=t"), "is not JSON"),
        (http(200, b'{"access_token": "\xff"}'), "is not JSON"),
        (http(200, b"[" * 60_000), "is not JSON"),
        (http(200, b'{"expires_in":' + b"9" * 5000 + b"}"), "is not JSON"),
        (http(200, b"{" + b" " * 2**20 + b"}"), "is longer than 64 KiB"),
        (http(200, gzip.compress(b" " * 2**26), Content_Encoding="gzip"), "is longer than 64 KiB"),
        (http(200, b"not gzip", Content_Encoding="gzip"), "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "is not HTTP"),
        (http(200, {"expires_in": 3600}), "holds no access_token"),
        (http(200, {"error": ""}), "holds no access_token"),
        (http(200, GRANTED | {"access_token": "a\r\nX-Evil: 1"}), "cannot go into a header"),
        (http(200, GRANTED | {"token_type": "mac"}), "token_type"),
        (http(200, GRANTED | {"expires_in": -5}), "already expired"),
    ],
)
async def test_a_success_that_cannot_be_used(answer: bytes, told: str) -> None:
    """A token may have been issued, although nobody can use what came."""
    error = await failure(answer)
    assert told in str(error)
    assert (False, True) == (error.permanent, error.may_have_issued)


async def test_a_refusal_counts_although_its_content_is_lost() -> None:
    """The status has come, and says that no token was issued."""
    for broken in (b"Content-Length: 9\r\n\r\n{", b"\r\n" + b"x" * 2**20):
        error = await failure(b"HTTP/1.1 401 X\r\n" + broken)
        assert (401, True, False) == (error.status, error.permanent, error.may_have_issued)


async def test_retry_after_is_compared_with_the_servers_own_clock() -> None:
    """A date is told by the clock that wrote it, which may be an hour off."""
    there = time.time() - 3600
    dates = {"Date": formatdate(there, usegmt=True), "Retry_After": formatdate(there + 90)}
    assert 90.0 == (await failure(http(503, b"", **dates))).retry_after
    dates = {"Retry_After": formatdate(time.time() + 90)}
    assert (await failure(http(503, b"", **dates))).retry_after == pytest.approx(89, abs=1)


async def test_a_refusal_whose_explanation_never_comes() -> None:
    """It is a refusal all the same, and nobody has to wait for long."""
    answer = b"HTTP/1.1 401 X\r\nContent-Length: 10\r\n\r\n{"
    async with asyncio.timeout(5):
        error = await failure(answer, then="hang")
    assert (401, True, False) == (error.status, error.permanent, error.may_have_issued)
