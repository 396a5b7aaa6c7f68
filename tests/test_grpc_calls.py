"""`mintonce.grpc.bearer_auth` with a real server, in the four kinds of call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc import StatusCode

from grpc_server import method
from grpc_world import answer_to, said, world
from managing import eventually
from mintonce import TokenRequestError, UsageError
from mintonce.grpc import bearer_auth

pytestmark = pytest.mark.asyncio

KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
AGAIN = KINDS[:2]  # those whose request is one message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_carries_the_token(kind: str) -> None:
    """Calls of each kind do, beside what the caller puts into the metadata."""
    async with world() as w:
        for _ in range(2):
            call = w.call(kind, metadata=(("other", "1"),))
            assert said(kind) == await answer_to(call, kind)
            assert StatusCode.OK == await call.code()
        assert ["handmade-1"] * 2 == w.api.tokens
        assert 1 == w.source.requests


@pytest.mark.parametrize("kind", AGAIN)
async def test_a_call_is_sent_again(kind: str) -> None:
    """Once, with another token: the request is one message, which is at hand."""
    async with world("handmade-2") as w:
        call = w.call(kind)
        assert said(kind) == await answer_to(call, kind)
        assert StatusCode.OK == await call.code()
        assert ["handmade-1", "handmade-2"] == w.api.tokens


@pytest.mark.parametrize("kind", KINDS[2:])
async def test_a_stream_of_requests_is_not_sent_again(kind: str) -> None:
    """The caller gets the answer as it came, and the next call has another token."""
    async with world("handmade-2") as w:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await answer_to(w.call(kind), kind)
        assert (StatusCode.UNAUTHENTICATED, "who are you?") == (
            caught.value.code(),
            caught.value.details(),
        )
        await eventually(lambda: w.tokens.stats.rejected)
        assert said(kind) == await answer_to(w.call(kind), kind)
        assert ["handmade-1", "handmade-2"] == w.api.tokens


async def test_an_answer_that_has_begun() -> None:
    """What was handed out is not handed out again; the token is reported all the same."""
    async with world("handmade-2") as w:
        answer = aiter(w.call("unary_stream", b"late"))
        assert b"late" == await anext(answer)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(answer)
        assert StatusCode.UNAUTHENTICATED == caught.value.code()
        await eventually(lambda: w.tokens.stats.rejected)


@pytest.mark.parametrize("kind", KINDS)
async def test_forbidden_is_forbidden(kind: str) -> None:
    """The token is fine, and none is minted."""
    async with world() as w:
        message = b"forbidden"
        request = message if kind.startswith("unary") else once(message)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await answer_to(method(w.channel, kind)(request), kind)
        assert StatusCode.PERMISSION_DENIED == caught.value.code()
        assert 1 == w.source.requests == len(w.api.tokens)


async def once(message: bytes) -> AsyncIterator[bytes]:
    """A stream of one message."""
    yield message


@pytest.mark.parametrize("kind", AGAIN)
async def test_the_second_token_is_rejected_too(kind: str) -> None:
    """The caller gets the answer; and the next one too, for perhaps it asks for something else."""
    async with world("none") as w:
        for _ in range(2):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await answer_to(w.call(kind), kind)
            assert StatusCode.UNAUTHENTICATED == caught.value.code()
        assert ["handmade-1", "handmade-2", "handmade-2"] == w.api.tokens
        assert 2 == w.source.requests


@pytest.mark.parametrize("kind", AGAIN)
async def test_there_is_no_other_token(kind: str) -> None:
    """The caller gets the answer as it came."""
    async with world("handmade-2") as w:
        w.source.answers = [{}, TokenRequestError("no", permanent=True)]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await answer_to(w.call(kind), kind)
        assert "who are you?" == caught.value.details()


@pytest.mark.parametrize("kind", KINDS)
async def test_no_token_no_call(kind: str) -> None:
    """The error of the manager reaches the caller, and nothing the API."""
    async with world() as w:
        w.source.answers = [TokenRequestError("no", permanent=True)]
        with pytest.raises(TokenRequestError, match="no"):
            await answer_to(w.call(kind), kind)
        assert [] == w.api.tokens


@pytest.mark.parametrize("kind", KINDS)
async def test_an_authorization_of_its_own(kind: str) -> None:
    """A call that brings one is left alone."""
    async with world() as w:
        with pytest.raises(grpc.aio.AioRpcError):
            await answer_to(w.call(kind, metadata=(("authorization", "Bearer mine"),)), kind)
        assert ["mine"] == w.api.tokens
        assert 0 == w.source.requests


@pytest.mark.parametrize("kind", KINDS)
async def test_a_timeout_covers_the_token(kind: str) -> None:
    """The mint goes on, and the next call has its token."""
    async with world() as w:
        w.source.open.clear()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await answer_to(w.call(kind, timeout=0.05), kind)
        assert StatusCode.DEADLINE_EXCEEDED == caught.value.code()
        w.source.open.set()
        assert said(kind) == await answer_to(w.call(kind, timeout=30), kind)
        assert 1 == w.source.requests


@pytest.mark.parametrize("kind", ["unary_stream", "stream_stream"])
async def test_reading_one_by_one(kind: str) -> None:
    """Streams can be read without iterating, too."""
    async with world("handmade-2" if kind in AGAIN else "handmade-1") as w:
        call, got = w.call(kind), b""
        while (message := await call.read()) != grpc.aio.EOF:
            got += message
        assert said(kind) == got


async def test_two_hundred_calls_at_once() -> None:
    """They cause one token request more, and every one of them is answered."""
    async with world("handmade-2") as w:
        answers = await asyncio.gather(*(w.call("unary_unary") for _ in range(200)))
        assert [b"message"] * 200 == answers
        assert 2 == w.source.requests


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turns", range(0, 40, 5))
async def test_a_caller_that_leaves(kind: str, turns: int) -> None:
    """Whenever it does, the next one finds everything in order."""
    async with world("handmade-2" if kind in AGAIN else "handmade-1") as w:
        leaves = asyncio.ensure_future(answer_to(w.call(kind), kind))
        for _ in range(turns):
            await asyncio.sleep(0)
        leaves.cancel()
        with suppress(asyncio.CancelledError):
            await leaves
        assert said(kind) == await answer_to(w.call(kind), kind)


async def test_nothing_shows_the_token() -> None:
    """Neither the error of a call nor what interceptors get to see, before it and after it."""
    seen = list[str]()

    class Curious(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(
            self, continuation: Any, client_call_details: Any, request: Any
        ) -> Any:
            call = await continuation(client_call_details, request)
            seen.append(f"{client_call_details!r} {call!r}")
            return call

    async with world("handmade-1", Curious()) as w:
        assert b"message" == await w.call("unary_unary")
        both = [*bearer_auth(w.tokens), Curious()]
        async with grpc.aio.insecure_channel(w.api.address, interceptors=both) as channel:
            assert b"message" == await method(channel, "unary_unary")(b"message")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await w.call("unary_unary", b"forbidden")
    assert 2 == len(seen)
    assert "…" in seen[1]
    assert "handmade" not in f"{seen} {caught.value!r} {caught.value}"


async def test_what_is_no_manager() -> None:
    """A clear error, when they are made."""
    wrong: Sequence[Any] = ("token", None)
    for tokens in wrong:
        with pytest.raises(UsageError, match="bearer_auth needs a TokenManager"):
            bearer_auth(tokens)
