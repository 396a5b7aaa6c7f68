"""Calls over gRPC that carry the token: interceptors for the four kinds of call of ``grpc.aio``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from grpc import StatusCode
from grpc.aio import (
    AioRpcError,
    Call,
    ClientCallDetails,
    ClientInterceptor,
    Metadata,
    StreamStreamCall,
    StreamStreamClientInterceptor,
    StreamUnaryCall,
    StreamUnaryClientInterceptor,
    UnaryStreamCall,
    UnaryStreamClientInterceptor,
    UnaryUnaryCall,
    UnaryUnaryClientInterceptor,
)

from mintonce.bearer import token_for_a_call
from mintonce.call_answers import code_of, is_stream_unary, taken
from mintonce.call_details import end_of, is_authorized, with_token
from mintonce.errors import MintonceError, UsageError
from mintonce.manager import TokenManager
from mintonce.token import Token

Q = TypeVar("Q")  # a request message
A = TypeVar("A")  # a response message
T = TypeVar("T")
AnyCall = TypeVar("AnyCall", bound=Call)

Send = Callable[[ClientCallDetails], Awaitable[T]]


def bearer_auth(tokens: TokenManager) -> list[ClientInterceptor]:
    """Make the interceptors that put a token into the metadata of every call of a channel.

    ::

        channel = grpc.aio.secure_channel(target, tls, interceptors=bearer_auth(tokens))

    With others put it last, since what comes after it sees the token. An interceptor does not see
    where a channel leads: send no token over an insecure channel but to this host.

    A call that brings an ``authorization`` of its own is left alone. No call goes out without a
    token: where there is none, it raises what `TokenManager.get` raises; but where the API has
    rejected the newest, calls go out with that, for not all of it may. The timeout of a call covers
    the time that getting a token takes.

    When the API answers UNAUTHENTICATED, the token is reported to `TokenManager.invalidate`. If the
    request is one message and nothing of the response has come, the call is sent once more with
    another token; if there is none, the caller gets the answer as it came. Streams of requests are
    not sent again. PERMISSION_DENIED renews nothing.

    Args:
        tokens: Where tokens come from. It stays yours to close, after the channel.

    Raises:
        UsageError: Something else was given.

    """
    if not isinstance(tokens, TokenManager):
        raise UsageError(f"bearer_auth needs a TokenManager, not {type(tokens).__name__}")
    return [_UnaryUnary(tokens), _UnaryStream(tokens), _StreamUnary(tokens), _StreamStream(tokens)]


class _Bearer:
    """What the interceptors have in common: how a call gets its token, and loses it."""

    def __init__(self, tokens: TokenManager) -> None:
        self._tokens = tokens
        self._reports = set[asyncio.Task[None]]()

    async def once(self, details: ClientCallDetails, send: Send[AnyCall]) -> AnyCall:
        """Send a call with a token, and report it if the call ends with its rejection.

        Raises:
            AioRpcError: No token came in time.
            MintonceError: There is no token.

        """
        if is_authorized(details):
            return await send(details)
        ends_at = end_of(details)
        token = await self._within(ends_at, token_for_a_call(self._tokens))
        call = await send(with_token(token, details, ends_at))
        self.watch(call, token)
        return call

    async def twice(self, details: ClientCallDetails, send: Send[T]) -> tuple[T, Token | None]:
        """Send a call with a token; and if that is rejected, once more with another one.

        Raises:
            AioRpcError: It ended so before anything of the response came; or no token did in time.
            MintonceError: There is no token.

        """
        if is_authorized(details):
            return await send(details), None
        ends_at = end_of(details)
        token = await self._within(ends_at, token_for_a_call(self._tokens))
        try:
            return await send(with_token(token, details, ends_at)), token
        except AioRpcError as error:
            if error.code() is not StatusCode.UNAUTHENTICATED:
                raise
            other = await self._another(token, ends_at)
            if other is None:
                raise
        try:
            return await send(with_token(other, details, ends_at)), other
        except AioRpcError as error:
            if error.code() is StatusCode.UNAUTHENTICATED:
                await self._report(other, ends_at)
            raise

    def watch(self, call: Call, token: Token | None) -> None:
        """Report the token if the call, which is not sent again, ends with its rejection."""
        if token:
            call.add_done_callback(partial(self._ended, token))
            if is_stream_unary(call):
                # From the start, to be the first to hear: the caller may go on with another call.
                self._start(self._report_if_rejected(call, token))

    async def _within(self, ends_at: float | None, token: Awaitable[Token]) -> Token:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(ends_at):
                return await token
        raise AioRpcError(
            StatusCode.DEADLINE_EXCEEDED,
            Metadata(),
            Metadata(),
            details="no token came within the timeout of the call",
        )

    async def _another(self, token: Token, ends_at: float | None) -> Token | None:
        await self._report(token, ends_at)
        with suppress(AioRpcError, MintonceError):
            return await self._within(ends_at, self._tokens.get())
        return None

    async def _report(self, token: Token, ends_at: float | None = None) -> None:
        # What comes of it is no concern of the call, which has its answer.
        with suppress(MintonceError, TimeoutError):
            async with asyncio.timeout_at(ends_at):
                await self._tokens.invalidate(token)

    def _ended(self, token: Token, call: Call) -> None:
        # A write that fails because the API has ended the call makes grpcio say INTERNAL, in place
        # of the status (grpc/grpc#36066). So the status is read now, before such a write. Where the
        # write came first, it is what the response brings.
        if code_of(call) is StatusCode.UNAUTHENTICATED:
            self._start(self._report(token))

    def _start(self, report: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(report)
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)

    async def _report_if_rejected(self, call: StreamUnaryCall[Any, Any], token: Token) -> None:
        with suppress(Exception):  # it is the caller's
            await call
        if await call.code() is StatusCode.UNAUTHENTICATED:
            await self._report(token)


class _UnaryUnary(_Bearer, UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self,
        continuation: Callable[[ClientCallDetails, Q], Awaitable[UnaryUnaryCall[Q, A]]],
        client_call_details: ClientCallDetails,
        request: Q,
    ) -> UnaryUnaryCall[Q, A]:
        async def send(details: ClientCallDetails) -> UnaryUnaryCall[Q, A]:
            call = await continuation(details, request)
            await call
            return call

        call, _ = await self.twice(client_call_details, send)
        return call


class _UnaryStream(_Bearer, UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self,
        continuation: Callable[[ClientCallDetails, Q], Awaitable[UnaryStreamCall[Q, A]]],
        client_call_details: ClientCallDetails,
        request: Q,
    ) -> AsyncIterator[A] | UnaryStreamCall[Q, A]:
        async def send(
            details: ClientCallDetails,
        ) -> tuple[UnaryStreamCall[Q, A], AsyncIterator[A] | UnaryStreamCall[Q, A]]:
            call = await continuation(details, request)
            return call, await taken(call)

        (call, responses), token = await self.twice(client_call_details, send)
        self.watch(call, token)
        return responses


class _StreamUnary(_Bearer, StreamUnaryClientInterceptor):
    async def intercept_stream_unary(
        self,
        continuation: Callable[
            [ClientCallDetails, AsyncIterable[Q] | Iterable[Q]], Awaitable[StreamUnaryCall[Q, A]]
        ],
        client_call_details: ClientCallDetails,
        request_iterator: AsyncIterable[Q] | Iterable[Q],
    ) -> StreamUnaryCall[Q, A]:
        return await self.once(client_call_details, lambda d: continuation(d, request_iterator))


class _StreamStream(_Bearer, StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self,
        continuation: Callable[
            [ClientCallDetails, AsyncIterable[Q] | Iterable[Q]], Awaitable[StreamStreamCall[Q, A]]
        ],
        client_call_details: ClientCallDetails,
        request_iterator: AsyncIterable[Q] | Iterable[Q],
    ) -> StreamStreamCall[Q, A]:
        return await self.once(client_call_details, lambda d: continuation(d, request_iterator))
