"""What holds for the tests of the library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commanding import User, served
from mintonce.testing import AuthorizationServer

pytest_plugins = ["everywhere"]


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """A server for one test of the command line."""
    with served() as server:
        yield server


@pytest.fixture
def user(tmp_path: Path, server: AuthorizationServer) -> User:
    """A client of that server."""
    return User(tmp_path, server.token_url)
