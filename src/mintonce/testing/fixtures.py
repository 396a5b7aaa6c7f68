"""Fixtures of pytest, for tests with or without an event loop, under any plugin for async tests.

::

    pytest_plugins = ["mintonce.testing.fixtures"]  # in the topmost conftest.py
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from mintonce.credentials import ClientCredentials
from mintonce.manager import TokenManager
from mintonce.testing.server import DEVELOPMENT_CLIENT, AuthorizationServer
from mintonce.testing.source import FakeSource


@pytest.fixture
def fake_source() -> FakeSource:
    """A source that needs no server."""
    return FakeSource()


@pytest.fixture
def fake_tokens(fake_source: FakeSource) -> TokenManager:
    """A manager of made-up tokens, which it keeps in memory."""
    return TokenManager(fake_source)


@pytest.fixture
def authorization_server() -> Iterator[AuthorizationServer]:
    """A real server with an API behind it; it answers from a thread of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(AuthorizationServer()) as server,
    ):
        yield server


@pytest.fixture
def client_credentials(authorization_server: AuthorizationServer) -> ClientCredentials:
    """A client that the server knows."""
    ((client_id, client_secret),) = DEVELOPMENT_CLIENT.items()
    return ClientCredentials(
        token_url=authorization_server.token_url,
        client_id=client_id,
        client_secret=client_secret,
    )
