"""The store that a manager is given: who closes it, and what may be done without it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from managing import Handmade, eventually, manager, server_of
from mintonce import MemoryStore, TokenManager, UsageError
from mintonce.token import MAX_LIFETIME
from mintonce.watch import LOOK
from troubled import Troubled

pytestmark = pytest.mark.asyncio


async def test_closed_by_whoever_opened_it(tmp_path: Path) -> None:
    """A store that was given ready is left open, and can be used by the next manager."""

    class Closing(MemoryStore):
        closed = 0

        async def aclose(self) -> None:
            self.closed += 1

    store = Closing()
    async with TokenManager(Handmade(), store=store) as tokens:
        await tokens.get()
    assert 0 == store.closed
    async with server_of() as server:
        url = (tmp_path / "tokens").as_uri()
        for _ in range(2):
            async with manager(server, store=url) as tokens:
                await tokens.get()
        assert 1 == server.requests


async def test_it_is_told_how_long_a_record_is_of_worth() -> None:
    """Longer than any token lives; so one that nobody renews goes away by itself."""
    source, store = Handmade(), Troubled()
    async with TokenManager(source, store=store) as tokens:
        await tokens.get()
    told = [ttl for key, ttl in zip(store.done, store.ttls, strict=True) if key == source.key]
    assert [40 * 86_400.0] * 2 == told
    assert MAX_LIFETIME < told[0]


async def test_a_store_that_can_push_is_told_when_to_return() -> None:
    """Often enough that a lease that stands still is noticed."""
    source, timeouts = Handmade(), list[float]()

    class Pushing(MemoryStore):
        async def changed(self, key: str, seen: bytes | None, timeout: float) -> None:  # noqa: ARG002 - it wakes at once
            timeouts.append(timeout)
            await asyncio.sleep(0)

    source.open.clear()
    store = Pushing()
    managers = [TokenManager(source, store=store) for _ in range(2)]
    callers = [asyncio.create_task(tokens.get()) for tokens in managers]
    await eventually(lambda: timeouts)
    source.open.set()
    await asyncio.gather(*callers, *(tokens.aclose() for tokens in managers))
    assert {LOOK} == set(timeouts)


@pytest.mark.parametrize("choice", ["never", "", None])
async def test_a_choice_that_there_is_not(choice: str | None) -> None:
    """It is told when the manager is made."""
    with pytest.raises(UsageError, match="without_store must be one of"):
        TokenManager(Handmade(), without_store=choice)  # type: ignore[arg-type]  # on purpose
