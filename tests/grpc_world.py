"""A gRPC API that takes one token, and a channel that carries the tokens of a manager."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from grpc_server import GrpcApi, channel_to, grpc_api, method
from managing import Handmade
from mintonce import TokenManager


@dataclass
class World:
    """An API that takes one token, and a channel that carries the tokens of a manager."""

    api: GrpcApi
    source: Handmade
    tokens: TokenManager
    channel: Any

    def call(self, kind: str, message: bytes = b"message", **options: Any) -> Any:
        """Start a call."""
        return method(self.channel, kind)(
            message if kind.startswith("unary") else each(message), **options
        )


async def each(message: bytes) -> AsyncIterator[bytes]:
    """A stream of requests."""
    for byte in message:
        yield bytes([byte])


@asynccontextmanager
async def world(good: str = "handmade-1", *others: Any) -> AsyncIterator[World]:
    """A world whose API takes this token."""
    async with (
        grpc_api(lambda token: token == good) as api,
        TokenManager(source := Handmade()) as tokens,
        channel_to(api, tokens, *others) as channel,
    ):
        yield World(api, source, tokens, channel)


async def answer_to(call: Any, kind: str) -> bytes:
    """All that comes back."""
    if kind.endswith("unary"):
        return bytes(await call)
    return b"".join([message async for message in call])


def said(kind: str) -> bytes:
    """What the API says to the message of the tests."""
    return b"message" * (2 if kind == "unary_stream" else 1)
