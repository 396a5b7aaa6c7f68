"""What a source says of its credentials, and of getting ready, when it has no token."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from flying import steps
from making import make_lease, make_token
from managing import Handmade, Preparing, passing
from mintonce import MemoryStore, TokenManager, TokenRequestError
from mintonce.cell import Cell
from mintonce.outcome import landed
from mintonce.record import Record
from mintonce.renewal import HEARTBEAT
from mintonce.testing import ManualClock
from troubled import run, skip

WRONG = TokenRequestError("wrong secret", permanent=True)
THEIRS = make_lease("them", by="other:2")


class Rotating(Handmade):
    """A source whose credentials change, and that counts how often it reads them."""

    credential, looks = "old", 0

    async def fingerprint(self) -> str:
        """Read them."""
        self.looks += 1
        return self.credential


@pytest.mark.asyncio
async def test_new_credentials_need_not_wait() -> None:
    """Those that were refused do; and so does every manager that has the same."""
    source, store = Rotating(), MemoryStore()
    source.answers = [WRONG]
    async with TokenManager(source, store=store, clock=ManualClock()) as tokens:
        for _ in range(2):
            with pytest.raises(TokenRequestError, match="wrong secret"):
                await tokens.get()
        assert 1 == source.requests
        source.credential = "new"
        await tokens.get()
    assert 2 == source.requests


@pytest.mark.asyncio
async def test_new_credentials_that_another_process_has_as_well() -> None:
    """It may be asking with them: that is waited for, until it is dead."""
    source, store, clock = Rotating(), MemoryStore(), ManualClock()
    source.answers = [WRONG]
    others: Cell[Record] = Cell(store, source.key, Record, writer="them", ttl=lambda _: 60.0)
    async with TokenManager(source, store=store, clock=clock) as tokens:
        with pytest.raises(TokenRequestError, match="wrong secret"):
            await tokens.get()
        source.credential = "new"
        await others.update(lambda record: replace(record, lease=THEIRS))
        waiting = asyncio.create_task(tokens.get())
        await steps(50)
        assert 1 == source.requests
        async with passing(clock):
            assert "handmade-1" == (await waiting).access_token
    assert 2 == source.requests


@pytest.mark.asyncio
async def test_the_refusal_comes_with_what_caused_it() -> None:
    """For whoever asked; the others were not there."""
    source, store, clock = Handmade(), MemoryStore(), ManualClock()
    source.answers = [WRONG]
    causes = []
    for _ in range(2):
        async with TokenManager(source, store=store, clock=clock) as tokens:
            with pytest.raises(TokenRequestError) as refused:
                await tokens.get()
        causes.append(refused.value.__cause__)
    assert [str(WRONG), "None"] == [str(cause) for cause in causes]


@pytest.mark.asyncio
async def test_credentials_are_not_read_where_they_do_not_matter() -> None:
    """What passes has nothing to do with them."""
    source = Rotating()
    source.answers = [TokenRequestError("no answer", may_have_issued=True)]
    async with TokenManager(source, clock=ManualClock()) as tokens:
        with pytest.raises(TokenRequestError, match="no answer"):
            await tokens.get()
    assert 0 == source.looks


@pytest.mark.asyncio
async def test_once_it_was_ready_pauses_begin_anew() -> None:
    """They grow while it fails, and are forgotten when it has worked."""
    source, clock = Preparing(), ManualClock()
    async with TokenManager(source, clock=clock) as tokens:
        for _ in range(2):
            source.failures = 2
            async with passing(clock):
                await tokens.invalidate(await tokens.get())
    assert 2 == source.requests


def test_not_ready_and_the_lease_is_lost_as_well() -> None:
    """Whoever has it now mints: there is nothing to note, and their token is used."""

    async def check() -> None:
        source, store, clock = Preparing(), MemoryStore(), ManualClock()
        source.ready.clear()
        source.failures = 1
        others: Cell[Record] = Cell(store, source.key, Record, writer="them", ttl=lambda _: 60.0)
        tokens = TokenManager(source, store=store, clock=clock)
        caller = asyncio.create_task(tokens.get())
        await skip(0.1)
        await others.update(lambda record: replace(record, lease=THEIRS))
        await skip(HEARTBEAT)
        source.ready.set()
        await skip(0.1)
        token = make_token("theirs", issued_at=clock.wall())
        await others.update(lambda record: landed(record, THEIRS, token))
        await skip(1)
        assert token == await caller
        await tokens.aclose()

    run(check)
