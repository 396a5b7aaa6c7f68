"""A store that fails: what was paid for is handed out and stored later, and budgets hold."""

from __future__ import annotations

import asyncio
import errno
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from managing import Handmade, eventually, prints, together
from mintonce import (
    Budget,
    FileStore,
    MemoryStore,
    StoreError,
    StoreUnavailable,
    TokenManager,
)
from mintonce.testing import ManualClock

pytestmark = pytest.mark.asyncio

MONTH = Budget(1000, per="month")


class Failing(MemoryStore):
    """A store that fails when it is told to, before or after it did what it was asked.

    Attributes:
        reads: What reading raises.
        writes: What writing raises.
        done: Whether it writes all the same, as when only the answer is lost.
        only: The keys that this is about.

    """

    def __init__(self, values: dict[str, bytes] | None = None) -> None:
        super().__init__(values)
        self.reads: Exception | None = None
        self.writes: Exception | None = None
        self.done = False
        self.only: Callable[[str], bool] = lambda _: True

    async def read(self, key: str) -> bytes | None:
        """Read, or fail."""
        if self.reads and self.only(key):
            raise self.reads
        return await super().read(key)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Swap, or fail, or both."""
        if not self.writes or not self.only(key):
            return await super().swap(key, old, new, ttl=ttl)
        if self.done:
            await super().swap(key, old, new, ttl=ttl)
        raise self.writes


FULL = StoreUnavailable("no space left on the device")


@pytest.mark.parametrize("budget", [None, MONTH])
async def test_the_disk_is_full_when_the_token_comes(budget: Budget | None) -> None:
    """It is handed out, stored as soon as there is room, and found there by the others."""
    source, values = Handmade(), dict[str, bytes]()
    store = Failing(values)
    source.open.clear()
    async with TokenManager(source, store=store, budget=budget) as tokens:
        waiting = [asyncio.create_task(tokens.get()) for _ in range(10)]
        await eventually(lambda: source.requests)
        store.writes = FULL
        source.open.set()
        assert 1 == len(prints(await asyncio.gather(*waiting)))
        assert await waiting[0] == await tokens.get()
        store.writes = None
        await eventually(lambda: "save" not in tokens._flights)
        later = TokenManager(source, store=MemoryStore(values), budget=budget)
        assert await waiting[0] == await later.get()
        assert 1 == source.requests


async def test_the_last_chance_to_store_it() -> None:
    """A manager that is closed before the next try tries once more."""
    source, values = Handmade(), dict[str, bytes]()
    store = Failing(values)
    source.open.clear()
    async with TokenManager(source, store=store) as tokens:
        waiting = asyncio.create_task(tokens.get())
        await eventually(lambda: source.requests)
        store.writes = FULL
        source.open.set()
        token = await waiting
        store.writes = None
    assert token == await TokenManager(source, store=MemoryStore(values)).get()


async def test_closing_while_the_store_stays_away() -> None:
    """It does not wait for a store that may never come back."""
    source, store = Handmade(), Failing()
    source.open.clear()
    tokens = TokenManager(source, store=store)
    waiting = asyncio.create_task(tokens.get())
    await eventually(lambda: source.requests)
    store.writes = FULL
    closing = asyncio.create_task(tokens.aclose())
    source.open.set()
    async with asyncio.timeout(5):
        assert "handmade-1" == (await waiting).access_token
        await closing


@contextmanager
def full_disk() -> Iterator[None]:
    """No file that this process writes may hold a byte while the block runs."""
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


async def test_a_real_file_that_cannot_grow(tmp_path: Path) -> None:
    """The system refuses the write: the same with files, and with nothing left half written."""
    store = FileStore(tmp_path / "tokens")
    source = Handmade()
    source.open.clear()
    async with TokenManager(source, store=store, budget=MONTH) as tokens:
        waiting = asyncio.create_task(tokens.get())
        await eventually(lambda: source.requests)
        with full_disk():
            source.open.set()
            token = await waiting
        await eventually(lambda: "save" not in tokens._flights)
    assert token == await TokenManager(source, store=store).get()
    assert [] == [path.name for path in (tmp_path / "tokens").glob("*.tmp")]


@pytest.mark.parametrize("broken", ["reads", "writes"])
@pytest.mark.parametrize("choice", ["auto", "mint", "fail"])
@pytest.mark.parametrize("budget", [None, MONTH])
async def test_the_store_is_away(
    broken: str, choice: Literal["auto", "mint", "fail"], budget: Budget | None
) -> None:
    """Without a budget a manager mints for itself, once; with one it fails, unless told to mint."""
    source, store = Handmade(), Failing()
    setattr(store, broken, StoreUnavailable("the network is down"))
    tokens = TokenManager(source, store=store, budget=budget, without_store=choice)
    if choice == "mint" or (choice == "auto" and not budget):
        found = [*await together(100, tokens.get), await tokens.get()]
        assert 1 == len(prints(found)) == source.requests
    else:
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="no token is at hand"):
                await tokens.get()
        assert 0 == source.requests
    await tokens.aclose()


async def test_back_to_the_store_when_it_is_there_again() -> None:
    """What was minted alone lasts its life; the next token is everybody's."""
    clock, source, store = ManualClock(), Handmade(), Failing()
    async with TokenManager(source, store=store, clock=clock) as tokens:
        store.reads = StoreUnavailable("the network is down")
        alone = await tokens.get()
        store.reads = None
        assert alone == await tokens.get()
        clock.advance(3601)
        new = await tokens.get()
        assert new == await TokenManager(source, store=store, clock=clock).get()
        assert 2 == source.requests


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("error", [StoreError("cannot know"), StoreUnavailable("cannot know")])
async def test_answers_of_the_store_get_lost(error: StoreError, *, done: bool) -> None:
    """Whether the write was done is found out by reading; a budget is charged once."""
    source, store = Handmade(), Failing()
    async with TokenManager(source, store=store, budget=MONTH) as tokens:
        store.writes, store.done = error, done
        if done:
            await tokens.get()
        else:
            with pytest.raises(StoreError, match="cannot know"):
                await tokens.get()
        assert (1 if done else 0) == source.requests
        assert source.requests == (await tokens.status()).budgets[0].used


async def test_the_ledger_cannot_be_written() -> None:
    """With a budget nothing is sent that is not counted, and the lease is given back."""
    source, store = Handmade(), Failing()
    store.only = lambda key: key.startswith("ledger")
    async with TokenManager(source, store=store, budget=MONTH) as tokens:
        store.writes = FULL
        with pytest.raises(StoreUnavailable, match="no space left"):
            await tokens.get()
        assert 0 == source.requests
        assert (await tokens.status()).lease is None
        store.writes = None
        await tokens.get()
        assert 1 == source.requests


async def test_the_ledger_cannot_be_written_and_nobody_has_a_budget() -> None:
    """The token is shared all the same."""
    source, store = Handmade(), Failing()
    store.only = lambda key: key.startswith("ledger")
    store.writes = FULL
    for _ in range(3):
        async with TokenManager(source, store=store) as tokens:
            await tokens.get()
    assert 1 == source.requests


class Foreign(MemoryStore):
    """A store that lets errors through which are none of ours."""

    async def read(self, key: str) -> bytes | None:
        """Fail as a driver does."""
        raise OSError(errno.ECONNREFUSED, f"no connection for {key}")


async def test_a_store_that_raises_errors_of_its_own() -> None:
    """To callers it is a store that failed, with the cause at hand."""
    source = Handmade()
    async with TokenManager(source, store=Foreign(), budget=MONTH) as tokens:
        with pytest.raises(StoreError, match="ConnectionRefusedError") as caught:
            await tokens.get()
        assert "ConnectionRefusedError, connection refused (" in str(caught.value.__cause__)
        await tokens.invalidate("some-token")
        assert 0 == source.requests
