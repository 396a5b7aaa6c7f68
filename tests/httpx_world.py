"""An API that takes one token, and a client of httpx or httpx2 that carries those of a manager."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest

from api_server import Api, api_of
from managing import Handmade
from mintonce import TokenManager
from mintonce.httpx import BearerAuth

with_each = pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda one: one.__name__)
"""For tests of both."""


@dataclass
class World:
    """An API that takes one token, and a client that carries the tokens of a manager."""

    api: Api
    source: Handmade
    tokens: TokenManager
    calls: Any
    good: str = "handmade-2"

    @property
    def url(self) -> str:
        """Where the API is."""
        return self.api.url


@asynccontextmanager
async def world(library: ModuleType, **options: Any) -> AsyncIterator[World]:
    """A world whose API takes the second token."""
    async with api_of() as api, TokenManager(source := Handmade()) as tokens:
        auth = BearerAuth(tokens)
        # Trust nothing of the environment: no certificates are read, which would block the loop.
        client = library.AsyncClient(auth=auth, trust_env=False, verify=False, **options)
        async with client as calls:
            world = World(api, source, tokens, calls)
            api.is_good = lambda token: token == world.good
            yield world
