"""One client and many APIs: what is closed with what."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from managing import Handmade, Tenants, eventually, manager, moment, server_of
from mintonce import FileStore, TokenManager, UsageError
from mintonce.testing import Fault

A, B = "https://a.example", "https://b.example"


@pytest.mark.asyncio
async def test_closing_one_closes_all(tmp_path: Path) -> None:
    """What is under way is finished and stored; after that, all say the same."""
    store = FileStore(tmp_path / "tokens")
    async with server_of() as server:
        server.fail(Fault.latency(0.2))
        tokens = manager(server, store=store)
        first, second = tokens.for_(audience=A), tokens.for_(audience=B)
        waiting = asyncio.create_task(first.get())
        await server.arrived(1)
        await tokens.aclose()
        assert 1 == first.stats.minted
        for closed in (tokens, first, second):
            with pytest.raises(UsageError, match="closed"):
                await closed.get()
            with pytest.raises(UsageError, match="closed"):
                closed.for_(audience="https://c.example")
        async with manager(server, store=store) as later:
            assert await waiting == await later.for_(audience=A).get()
        assert 1 == server.requests


# A package that offers a store, as pip leaves it.
INSTALLED = {
    "written_down.py": """
from mintonce import MemoryStore

class Store(MemoryStore):
    done = []

    def __init__(self, url):
        super().__init__()

    async def swap(self, key, old, new, *, ttl):
        self.done.append("used")
        return await super().swap(key, old, new, ttl=ttl)

    async def aclose(self):
        self.done.append("closed")
""",
    "written_down-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: written-down\nVersion: 1",
    "written_down-1.dist-info/entry_points.txt": "[mintonce.stores]\nw = written_down:Store",
}


@pytest.mark.asyncio
async def test_the_store_is_closed_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the others still have to store, they can; and only who opened it closes it."""
    for name, content in INSTALLED.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    tenants = Tenants()
    tokens = TokenManager(tenants, store="w:")
    slow = tenants.for_(tenant="slow")
    slow.open.clear()
    waiting = asyncio.create_task(tokens.for_(tenant="slow").get())
    await eventually(lambda: slow.requests)
    closing = asyncio.create_task(tokens.aclose())
    await eventually(lambda: closed(tokens))
    slow.open.set()
    await closing
    await waiting
    done = sys.modules["written_down"].Store.done
    assert ["used", "closed"] == done[-2:]
    assert 1 == done.count("closed")


@pytest.mark.asyncio
async def test_closing_one_that_was_made_closes_no_other() -> None:
    """The next one for the same parameters is another, which finds the token in the store."""
    async with server_of() as server, manager(server) as tokens:
        other = tokens.for_(audience=B)
        async with tokens.for_(audience=A) as closed:
            token = await closed.get()
        with pytest.raises(UsageError, match="closed"):
            await closed.get()
        again = tokens.for_(audience=A)
        assert again is not closed
        await closed.aclose()
        assert again is tokens.for_(audience=A)
        assert token == await again.get()
        await other.get()
        await tokens.get()
        assert 3 == server.requests


@asynccontextmanager
async def one_that_closes(tokens: TokenManager, slow: Handmade) -> AsyncIterator[TokenManager]:
    """A manager that is being closed while it mints; at the end of the block it may finish."""
    slow.open.clear()
    tenant = tokens.for_(tenant="slow")
    waiting = asyncio.create_task(tenant.get())
    await eventually(lambda: slow.requests)
    closing = asyncio.create_task(tenant.aclose())
    await eventually(lambda: closed(tenant))
    yield tenant
    slow.open.set()
    await closing
    await waiting


@pytest.mark.asyncio
async def test_one_that_is_being_closed_is_handed_out_no_more() -> None:
    """There is another one at once, which gets the token that the first still waits for."""
    tenants = Tenants()
    slow = tenants.for_(tenant="slow")
    async with TokenManager(tenants) as tokens:
        async with one_that_closes(tokens, slow) as tenant:
            again = tokens.for_(tenant="slow")
            assert again is not tenant
            getting = asyncio.create_task(again.get())
        assert "handmade-1" == (await getting).access_token
        assert again is tokens.for_(tenant="slow")
        assert 1 == slow.requests


@pytest.mark.asyncio
async def test_the_end_waits_for_one_that_is_being_closed_already() -> None:
    """Also where another one has taken its place: what it mints is still to be stored."""
    tenants = Tenants()
    slow = tenants.for_(tenant="slow")
    tokens = TokenManager(tenants)
    async with one_that_closes(tokens, slow):
        tokens.for_(tenant="slow")
        end = asyncio.create_task(tokens.aclose())
        await eventually(lambda: closed(tokens))
        await moment(0.05)
        assert not end.done()
    await end


@pytest.mark.asyncio
async def test_no_member_escapes_the_end() -> None:
    """Those that were made while the others were being closed are closed as well."""
    tokens = TokenManager(source := Tenants())
    other = tokens.for_(tenant="other")
    source.open.clear()
    waiting = asyncio.create_task(tokens.get())  # while it does, the others are not closed yet
    await eventually(lambda: source.requests)
    closing = asyncio.create_task(tokens.aclose())
    await eventually(lambda: closed(tokens))
    made = [other.for_(tenant=f"new-{number}") for number in range(3)]
    source.open.set()
    await closing
    await waiting
    for each in made:
        with pytest.raises(UsageError, match="closed"):
            await each.get()


def closed(tokens: TokenManager) -> bool:
    """Whether it says so."""
    try:
        tokens.for_(tenant="any")
    except UsageError:
        return True
    return False


def test_one_that_another_event_loop_uses_is_not_closed_in_silence() -> None:
    """The error says so; when that loop is gone, closing does it."""
    tenants = Tenants()
    tokens = TokenManager(tenants)
    elsewhere = tokens.for_(tenant="elsewhere")
    begun, end = threading.Event(), threading.Event()

    async def use() -> None:
        await elsewhere.get()
        begun.set()
        await asyncio.to_thread(end.wait)

    thread = threading.Thread(target=asyncio.run, args=(use(),))
    thread.start()
    begun.wait()
    with pytest.raises(UsageError, match="two running event loops"):
        asyncio.run(tokens.aclose())
    end.set()
    thread.join()
    asyncio.run(tokens.aclose())
    with pytest.raises(UsageError, match="closed"):
        asyncio.run(elsewhere.get())
