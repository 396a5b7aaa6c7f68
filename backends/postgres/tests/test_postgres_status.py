"""``mintonce status`` with this store: it says which server it has asked."""

from __future__ import annotations

import json
from pathlib import Path

from commanding import User
from postgres_server import PostgresServer


def test_it_says_where_the_store_is(postgres: PostgresServer, tmp_path: Path) -> None:
    """In one line, for people and for programs, without the credentials of the URL."""
    user, url = User(tmp_path), postgres.url(password="pass-word", table="told")
    shown = user.call("status", "--store", url).out.splitlines()[0]
    told = json.loads(user.call("status", "--store", url, "--json").out)["store"]
    assert f"store      {told}" == shown
    assert told.startswith("PostgresStore('")
    assert str(postgres.directory) in told
    assert "pass-word" not in told
