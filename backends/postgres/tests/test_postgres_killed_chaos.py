"""Sixteen processes on one server: those that mint are killed, and so is the server."""

from __future__ import annotations

from pathlib import Path

import pytest

import chaos
from backing.killing import CROWD, kill_server
from chaos.killing import kill_holders
from postgres_server import PostgresServer

pytestmark = pytest.mark.asyncio


async def test_holders_that_are_killed(own: PostgresServer, tmp_path: Path) -> None:
    """Each time the others get one token in time; every request counts, and the budget holds."""
    rounds = chaos.times(1, 25)
    await kill_holders(tmp_path / "tokens", rounds, warm=True, crowd=CROWD, store_url=own.url())


async def test_a_server_that_is_killed(own: PostgresServer, tmp_path: Path) -> None:
    """Who cannot be served is told so; when it is back, all go on, and nothing was forgotten."""
    await kill_server(own, tmp_path / "tokens", chaos.times(1, 50))
