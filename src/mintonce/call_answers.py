"""How a call of gRPC is answered: whether the API has taken it, and with what status it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeGuard, TypeVar

from grpc import StatusCode
from grpc.aio import Call, StreamUnaryCall, UnaryStreamCall

Q = TypeVar("Q")  # a request message
A = TypeVar("A")  # a response message


def code_of(call: Call) -> StatusCode | None:
    """Return the status of a call that has ended, at once and not when a task has its turn."""
    code = call.code()
    try:
        code.send(None)
    except StopIteration as end:
        status: StatusCode = end.value
        return status
    finally:
        code.close()
    return None


def is_stream_unary(call: Call) -> TypeGuard[StreamUnaryCall[Any, Any]]:
    """Tell whether a call sends many messages for one, which can be awaited."""
    return isinstance(call, StreamUnaryCall)


async def taken(call: UnaryStreamCall[Q, A]) -> AsyncIterator[A] | UnaryStreamCall[Q, A]:
    """Wait until the API has taken a call or refused it, and return where its responses are.

    With the response metadata a call is committed, as when gRPC itself retries (gRFC A6). One that
    is refused at once has none; where one that is taken has none either, the first message tells.

    Raises:
        AioRpcError: It has refused it.

    """
    await call.wait_for_connection()  # metadata never come where the request cannot be sent
    if await call.initial_metadata():
        return call
    responses = aiter(call)
    try:
        first = await anext(responses)
    except StopAsyncIteration:
        return responses
    return _chain(first, responses)


async def _chain(first: A, rest: AsyncIterator[A]) -> AsyncIterator[A]:
    yield first
    async for response in rest:
        yield response
