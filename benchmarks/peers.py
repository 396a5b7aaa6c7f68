"""What `await tokens.get()` is measured beside: the least that is possible, and what others do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Protocol

LIFETIME = 36_000.0
"""Seconds: no token expires while it is measured."""


class Peer(Protocol):
    """Anything that hands out a token."""

    async def get(self) -> object:
        """Return a token that is still good."""
        ...


class Attribute:
    """The floor: an awaited method that returns an attribute."""

    def __init__(self) -> None:
        self._held = "a token"

    async def get(self) -> str:
        """Return the attribute."""
        return self._held


class Expiring(Attribute):
    """The recipe that looks at the clock. It neither shares nor waits for anything."""

    def __init__(self) -> None:
        super().__init__()
        self._expires_at = time.time() + LIFETIME

    async def get(self) -> str:
        """Look at the clock."""
        if time.time() < self._expires_at:
            return self._held
        raise TimeoutError


class Locked(Expiring):
    """The recipe that people paste: take the lock, then look at the clock."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = asyncio.Lock()

    async def get(self) -> str:
        """Take the lock and look at the clock."""
        async with self._lock:
            return await super().get()


class Authlib:
    """What Authlib's client does before each request that it sends."""

    def __init__(self) -> None:
        client: Any = import_module("authlib.integrations.httpx_client").AsyncOAuth2Client
        self._client = client(token={"access_token": "token", "expires_at": time.time() + LIFETIME})

    async def get(self) -> object:
        """See to it that the token is good."""
        await self._client.ensure_active_token(self._client.token)
        return self._client.token


def peers() -> Iterator[tuple[str, Peer]]:
    """Those that are installed, by their name."""
    yield "a recipe that checks the expiry, without a lock", Expiring()
    yield "the same behind an asyncio.Lock", Locked()
    try:
        yield "Authlib: ensure_active_token", Authlib()
    except ImportError:
        return  # Authlib has this client only where one for HTTP is installed
