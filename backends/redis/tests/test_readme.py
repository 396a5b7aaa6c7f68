"""The README tells the truth: its code runs, and its permissions suffice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backing.using import TTL, fresh, put
from examples import World, escaping
from mintonce_redis import eviction, line, urls
from using import README, opened, permissions, waiting
from valkey_server import ValkeyServer

LOGIN = "unix://mintonce:password@"


def test_the_examples_run(
    valkey: ValkeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python block does its work on a real server."""
    World(tmp_path, monkeypatch).run(README, {"redis://valkey.example.com:6379/0": valkey.url()})
    assert [] == escaping(README)


@pytest.mark.asyncio
async def test_the_permissions_suffice(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A user who may do no more can read, swap, wait and test a quiet connection."""
    monkeypatch.setattr(line, "_DOUBTFUL", 0.0)
    eviction._asked.clear()
    own.ask(*permissions())
    key = fresh()
    async with opened(own.url().replace("unix://", LOGIN)) as store:
        await put(store, key, b"value")
        waits = await waiting(store, key, b"value")
        own.ask("SCRIPT", "FLUSH")
        await put(store, key, b"new")
        await asyncio.wait_for(waits, 2)
        assert await store.swap(key, b"new", None, ttl=TTL)
    refused = own.ask("ACL", "LOG")
    assert 1 == refused.count(b"reason")
    assert b"\r\ninfo\r\n" in refused  # the one question that may be
    assert [] == caplog.records


@pytest.mark.asyncio
async def test_the_permissions_that_are_said_to_be_missing(own: ValkeyServer) -> None:
    """Databases and names need what the README adds; with it, nothing is refused."""
    eviction._asked.clear()
    own.ask(*permissions(), "+info", "+select", "+client|setname")
    url = own.url().replace("unix://", LOGIN) + "?db=1&client_name=orders"
    async with opened(url) as store:
        await put(store, fresh(), b"value")
        assert b"name=orders" in own.ask("CLIENT", "LIST")
    assert b"*0\r\n" == own.ask("ACL", "LOG")


def test_the_options_are_told() -> None:
    """Each option of a URL is in the table, and each in the table is one."""
    rows = [line.split("|")[1] for line in README.read_text("utf-8").splitlines() if "|" in line]
    known = {*urls._KNOWN, *urls._KNOWN_TLS, *urls._KNOWN_SENTINEL}
    assert known <= {word.strip(" `") for row in rows for word in row.split(",")}
