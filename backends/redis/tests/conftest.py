"""What the tests of this backend share: servers, and stores that are closed in the end."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Helpers of these tests are imported by their name. The names differ from those of other backends.
sys.path.append(str(Path(__file__).parent))

from valkey_server import ValkeyServer


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A server for tests that leave it as it is."""
    with tempfile.TemporaryDirectory(prefix="v") as directory:
        server = ValkeyServer(Path(directory))
        server.start()
        yield server
        server.kill()


@pytest.fixture
def own(place: Path) -> Iterator[ValkeyServer]:
    """A server for one test, which may do to it what it likes."""
    server = ValkeyServer(place)
    server.start()
    yield server
    server.kill()
