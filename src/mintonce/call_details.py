"""What a call of gRPC brings along: its metadata and its deadline."""

from __future__ import annotations

import asyncio

from grpc.aio import ClientCallDetails, Metadata

from mintonce.bearer import header
from mintonce.token import Token

_KEY = "authorization"


class _Silent(Metadata):
    """Metadata that do not show the token when they are printed."""

    def __repr__(self) -> str:
        return repr(Metadata(*((key, "…" if key == _KEY else value) for key, value in self)))


def is_authorized(details: ClientCallDetails) -> bool:
    """Tell whether a call brings an authorization of its own."""
    return any(key.lower() == _KEY for key, _ in details.metadata or ())


def end_of(details: ClientCallDetails) -> float | None:
    """Return when the timeout of a call that begins now is over, in the time of the loop."""
    timeout = details.timeout
    return None if timeout is None else asyncio.get_running_loop().time() + timeout


def with_token(
    token: Token, details: ClientCallDetails, ends_at: float | None
) -> ClientCallDetails:
    """Return the same call with a token, and with what is left of its timeout."""
    return ClientCallDetails(
        method=details.method,
        timeout=None if ends_at is None else ends_at - asyncio.get_running_loop().time(),
        metadata=_Silent(*(details.metadata or ()), (_KEY, header(token))),
        credentials=details.credentials,
        wait_for_ready=details.wait_for_ready,
    )
