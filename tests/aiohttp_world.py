"""An API that takes one token, and an aiohttp session that carries the tokens of a manager."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from api_server import Api, api_of
from managing import Handmade
from mintonce import TokenManager
from mintonce.aiohttp import BearerAuth
from mintonce.clock import Clock
from mintonce.stores import TokenStore


@dataclass
class World:
    """An API that takes one token, and a session that carries the tokens of a manager."""

    api: Api
    source: Handmade
    tokens: TokenManager
    calls: aiohttp.ClientSession
    good: str = "handmade-2"

    @property
    def url(self) -> str:
        """Where the API is."""
        return self.api.url


@asynccontextmanager
async def world(
    *around: Any,
    clock: Clock | None = None,
    store: TokenStore | None = None,
    **options: Any,
) -> AsyncIterator[World]:
    """A world whose API takes the second token, with middlewares around that which carries it."""
    source = Handmade()
    async with api_of() as api, TokenManager(source, clock=clock, store=store) as tokens:
        chain = [*around, BearerAuth(tokens)]
        async with aiohttp.ClientSession(middlewares=chain, **options) as calls:
            world = World(api, source, tokens, calls)
            api.is_good = lambda token: token == world.good
            yield world
