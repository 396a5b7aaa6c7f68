"""``mintonce status`` with this store: it says which server it has asked."""

from __future__ import annotations

import json
from pathlib import Path

from commanding import User
from valkey_server import ValkeyServer


def test_it_says_where_the_store_is(valkey: ValkeyServer, tmp_path: Path) -> None:
    """In one line, for people and for programs, without the credentials of the URL."""
    user, place = User(tmp_path), f"RedisStore('{valkey.directory / valkey.SOCKET}/0'"
    url = valkey.url().replace("://", "://default:pass-word@")
    shown = user.call("status", "--store", url).out.splitlines()[0]
    told = json.loads(user.call("status", "--store", url, "--json").out)["store"]
    assert f"store      {told}" == shown
    assert told.startswith(place)
    assert "pass-word" not in told
