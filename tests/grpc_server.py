"""A gRPC API of the tests, of the four kinds of call; its messages are bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio

from mintonce import TokenManager
from mintonce.grpc import bearer_auth

SERVICE = "Orders"


@dataclass
class GrpcApi:
    """Says back what it gets if the token is good, and otherwise UNAUTHENTICATED.

    A message ``b"forbidden"`` is answered with PERMISSION_DENIED, and ``b"late"`` makes the API
    find out after the first message of its answer that the token is not good after all.

    Attributes:
        is_good: Says whether a token is.
        tokens: What came in the metadata, call by call; None: no token.
        messages: All messages that came.
        address: Where it is.
        is_early: Whether it looks at the token before it reads a stream of requests.

    """

    is_good: Callable[[str], bool]
    tokens: list[str | None] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    address: str = ""
    is_early: bool = False

    async def _check(self, context: Any) -> None:
        metadata = dict(context.invocation_metadata())
        said = metadata.get("authorization")
        token = said.removeprefix("Bearer ") if said else None
        self.tokens.append(token)
        if token is None or not self.is_good(token):
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")

    async def _read(self, requests: AsyncIterator[bytes], context: Any) -> list[bytes]:
        if self.is_early:
            await self._check(context)
            return [request async for request in requests]
        messages = [request async for request in requests]
        await self._check(context)
        return messages

    async def _take(self, message: bytes, context: Any) -> bytes:
        self.messages.append(message)
        if message == b"forbidden":
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you")
        return message

    async def unary_unary(self, request: bytes, context: Any) -> bytes:
        """Say it back."""
        await self._check(context)
        return await self._take(request, context)

    async def unary_stream(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        """Say it back, twice."""
        if request != b"late":
            await self._check(context)
        yield await self._take(request, context)
        if request == b"late":
            await self._check(context)
        yield request

    async def stream_unary(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        """Say all of it back at once."""
        messages = await self._read(requests, context)
        return b"".join([await self._take(message, context) for message in messages])

    async def stream_stream(
        self, requests: AsyncIterator[bytes], context: Any
    ) -> AsyncIterator[bytes]:
        """Say each back, once all are here: an early end would make grpcio say INTERNAL."""
        messages = await self._read(requests, context)
        for message in messages:
            yield await self._take(message, context)


@asynccontextmanager
async def grpc_api(is_good: Callable[[str], bool]) -> AsyncIterator[GrpcApi]:
    """An API on loopback."""
    api, server = GrpcApi(is_good), grpc.aio.server()
    handlers = {
        kind: getattr(grpc, f"{kind}_rpc_method_handler")(getattr(api, kind))
        for kind in ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    api.address = f"127.0.0.1:{port}"
    await server.start()
    try:
        yield api
    finally:
        await server.stop(None)


@asynccontextmanager
async def channel_to(api: GrpcApi, tokens: TokenManager, *others: Any) -> AsyncIterator[Any]:
    """A channel whose calls carry tokens; they are its attributes."""
    interceptors = [*others, *bearer_auth(tokens)]
    async with grpc.aio.insecure_channel(api.address, interceptors=interceptors) as channel:
        yield channel


def method(channel: Any, kind: str) -> Any:
    """What makes calls of this kind."""
    return getattr(channel, kind)(f"/{SERVICE}/{kind}")
