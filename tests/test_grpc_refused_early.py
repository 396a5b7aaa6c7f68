"""An API over gRPC that refuses a call while its requests are on their way."""

from __future__ import annotations

from asyncio import InvalidStateError
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from grpc.aio import AioRpcError

from grpc_server import method
from grpc_world import World, answer_to, world

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"]),
]

ROUNDS = 20
"""What grpcio makes of the status, a race decides: it comes out one way or the other in these."""


async def requests() -> AsyncIterator[bytes]:
    """More than are written before the refusal comes."""
    for _ in range(50):
        yield b"x" * 1000


async def mended(w: World, kind: str) -> None:
    """Make sure that the token was reported, and the next call has another one."""
    assert b"x" * 50_000 == await answer_to(method(w.channel, kind)(requests()), kind)
    assert ["handmade-1", "handmade-2"] == w.api.tokens
    assert (1, 2) == (w.tokens.stats.rejected, w.source.requests)


async def test_refused_while_it_iterates(kind: str) -> None:
    """Whatever the caller gets to hear, the token is reported before that."""
    for _ in range(ROUNDS):
        async with world("handmade-2") as w:
            w.api.is_early = True
            with pytest.raises(AioRpcError):
                await answer_to(method(w.channel, kind)(requests()), kind)
            await mended(w, kind)


async def test_refused_while_it_writes(kind: str) -> None:
    """The same where the program writes one request after another."""
    for _ in range(ROUNDS):
        async with world("handmade-2") as w:
            w.api.is_early = True
            call = method(w.channel, kind)()
            with suppress(InvalidStateError):
                async for request in requests():
                    await call.write(request)
            await call.done_writing()  # or grpcio waits for more until it is garbage
            with pytest.raises(AioRpcError):
                await answer_to(call, kind)
            await mended(w, kind)
