"""The README tells the truth: its code runs, as printed, against real servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples import World, escaping
from postgres_server import PostgresServer

README = Path(__file__).parents[1] / "README.md"


def test_the_examples_run(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python block does its work."""
    url = {"postgresql://orders@db.example.com/orders": postgres.url()}
    World(tmp_path, monkeypatch).run(README, url)


def test_no_code_escapes_the_runner() -> None:
    """Every fence says what it holds."""
    assert [] == escaping(README)
