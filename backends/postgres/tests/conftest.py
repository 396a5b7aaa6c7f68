"""What the tests of this backend share: servers, and where they live."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg.connect_utils
import pytest

from torture import blocking

# Helpers of these tests are imported by their name. The names differ from those of other backends.
sys.path.append(str(Path(__file__).parent))

from postgres_server import PostgresServer

blocking.let_be(asyncpg.connect_utils, "asyncpg looks for a password file when it connects")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server for tests that leave it as it is."""
    with tempfile.TemporaryDirectory(prefix="p") as directory:
        server = PostgresServer(Path(directory))
        server.start()
        yield server
        server.kill()


@pytest.fixture
def own(place: Path) -> Iterator[PostgresServer]:
    """A server for one test, which may do to it what it likes."""
    server = PostgresServer(place)
    server.start()
    yield server
    server.kill()
