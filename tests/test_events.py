"""What is told when something happens: which event, with which facts, and where."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest

from hearing import Heard
from managing import Handmade, Preparing, manager, passing, server_of, settled
from mintonce import (
    Budget,
    MemoryStore,
    MintonceError,
    StoreError,
    TokenManager,
    TokenRequestError,
    events,
)
from mintonce.cell import Cell
from mintonce.record import Lease, Record
from mintonce.testing import Fault, ManualClock
from troubled import Trouble, Troubled, fails

pytestmark = pytest.mark.asyncio


async def test_a_token_is_minted_and_adopted() -> None:
    """One process tells that it has minted, the other that it has found."""
    minter, finder, store, before = Heard(), Heard(), MemoryStore(), time.time()
    async with server_of(latency=0.02) as server:
        async with manager(server, store=store, on_event=minter) as tokens:
            token = await tokens.get()
        async with manager(server, store=store, on_event=finder) as tokens:
            await tokens.get()
    minted, adopted = minter.the(events.TokenMinted), finder.the(events.TokenAdopted)
    assert (minted.fingerprint, minted.reason) == (token.fingerprint, "cold")
    assert (minted.lifetime, minted.expires_at) == (token.lifetime, token.expires_at)
    assert 0.02 <= minted.elapsed < 5
    assert before <= minted.at <= time.time()
    assert adopted.fingerprint == token.fingerprint
    assert (adopted.lifetime, adopted.expires_at) == (token.lifetime, token.expires_at)
    assert 0 <= adopted.waited < 5
    assert 0.02 <= adopted.age < 5
    assert minted.source == adopted.source == next(iter(finder)).source != ""
    assert [adopted] == finder


async def test_a_token_request_fails() -> None:
    """What the server said, and until when nobody asks again."""
    heard = Heard()
    async with server_of() as server, manager(server, on_event=heard) as tokens:
        server.fail(Fault.status(401, json={"error": "invalid_client"}))
        with pytest.raises(TokenRequestError) as caught:
            await tokens.get()
    failed, cooling = heard.the(events.MintFailed), heard.the(events.CoolDownStarted)
    assert (failed.status, failed.error, failed.permanent) == (401, "invalid_client", True)
    assert (failed.reason, failed.may_have_issued) == ("cold", False)
    assert failed.message in str(caught.value)
    assert failed.elapsed > 0
    assert (cooling.trouble, cooling.shared) == ("permanent", True)
    assert 20 < cooling.seconds < 40
    assert cooling.until == pytest.approx(cooling.at + cooling.seconds, abs=1)
    renewal = heard.the(events.RenewalFailed)
    assert (renewal.kind, renewal.early) == ("TokenRequestError", False)
    assert renewal.message == str(caught.value)
    assert [failed, cooling, renewal] == heard


async def test_a_source_that_is_not_ready() -> None:
    """Nothing was sent, and only this process makes a pause."""
    heard, source = Heard(), Preparing()
    source.failures = 1
    async with TokenManager(source, on_event=heard) as tokens:
        with suppress(TokenRequestError):
            await tokens.get()
    assert "the vault is away" == heard.the(events.MintFailed).message
    assert not heard.all(events.CoolDownStarted)[0].shared


async def test_early_renewal_fails() -> None:
    """Callers hear nothing of it, but listeners do."""
    clock, heard = ManualClock(), Heard()
    async with TokenManager(source := Handmade(), clock=clock, on_event=heard) as tokens:
        await tokens.get()
        clock.advance(3590)
        source.answers = [TokenRequestError("not now")]
        await tokens.get()
        await settled(tokens)
    assert heard.the(events.RenewalFailed).early
    assert "early" == heard.the(events.MintFailed).reason


async def test_a_token_is_rejected() -> None:
    """Once for each token, and the pause of the second one in a row is told too."""
    heard, clock = Heard(), ManualClock()
    async with TokenManager(Handmade(), clock=clock, on_event=heard) as tokens:
        first = await tokens.get()
        for _ in range(3):
            await tokens.invalidate(first)
        await tokens.invalidate(second := await tokens.get())
    told = [event.fingerprint for event in heard.all(events.TokenRejected)]
    assert [first.fingerprint, second.fingerprint] == told
    assert "rejected" == heard.the(events.CoolDownStarted).trouble


async def test_a_lease_is_taken_over() -> None:
    """From whom, and why a token is minted."""
    heard, clock, store, source = Heard(), ManualClock(), MemoryStore(), Handmade()
    cell = Cell(store, source.key, Record, writer="dead", ttl=lambda _: 60.0)
    dead = Record(lease=Lease("host:17:holder", "host:17", "cold"))
    assert await cell.swap(await cell.read(), dead)
    async with (
        TokenManager(source, clock=clock, store=store, on_event=heard) as tokens,
        passing(clock),
    ):
        await tokens.get()
    taken = heard.the(events.LeaseTakenOver)
    assert ("host:17", "cold") == (taken.by, taken.reason)
    assert "took over from host:17" in str(taken)


@pytest.mark.parametrize(
    ("swaps", "answer", "consequence"),
    [
        ([None, None, fails], {}, "a new token could not be stored"),
        ([None, None, None, fails], TokenRequestError("no"), "a cool-down could not be shared"),
        ([None, fails, fails], {}, "the lease could not be given back"),
    ],
)
async def test_the_store_fails(swaps: list[Trouble | None], answer: Any, consequence: str) -> None:
    """What comes of it, and what the store said; and that the token is stored in the end."""
    heard, source, store = Heard(), Handmade(), Troubled()
    source.answers, store.swaps = [answer], swaps
    budget = Budget(9, per="month")
    async with TokenManager(source, store=store, budget=budget, on_event=heard) as tokens:
        with suppress(StoreError, TokenRequestError):
            await tokens.get()
    failed = heard.the(events.StoreFailed)
    assert (consequence, "refused") == (failed.consequence, failed.message)
    stored = heard.all(events.TokenStored)
    assert len(stored) == ("token could not" in consequence)
    assert all(s.fingerprint == heard.the(events.TokenMinted).fingerprint for s in stored)
    assert all(str(s) == f"the token {s.fingerprint} is stored now" for s in stored)


async def test_a_record_that_cannot_be_read() -> None:
    """It is put aside under another key."""
    heard, store = Heard(), MemoryStore()
    source = Handmade()
    await store.swap(source.key, None, b"\x00garbage", ttl=60)
    async with TokenManager(source, store=store, on_event=heard) as tokens:
        await tokens.get()
    assert f"{source.key}-corrupt" == heard.the(events.RecordPutAside).aside


async def test_budgets() -> None:
    """How each stands after each mint; when it is low, and when it will not last."""
    heard, clock = Heard(), ManualClock()
    budgets = [Budget(3, per="month"), Budget(500, per="day")]
    async with TokenManager(
        source := Handmade(), budget=budgets, clock=clock, on_event=[heard]
    ) as tokens:
        for _ in range(4):
            with suppress(MintonceError):
                await tokens.get()
            clock.advance(3600)
        status = await tokens.status()
    assert 3 == source.requests
    *_, low = lows = heard.all(events.BudgetLow)
    assert [(3, 2, 1), (3, 3, 0)] == [(e.limit, e.used, e.left) for e in lows]
    assert [1] == [e.used for e in heard.all(events.BudgetCounted) if e.per == low.per]
    assert 3 == sum(event.per == "day" for event in heard.all(events.BudgetCounted))
    assert low.resets_at == status.budgets[0].resets_at
    risk = heard.all(events.BudgetAtRisk)[-1]
    assert (risk.limit, risk.per, risk.left) == (3, low.per, 0)
    assert risk.needed > 0
    assert risk.runs_out_at == heard.all(events.TokenMinted)[-1].expires_at
    assert "BudgetExhausted" == heard.the(events.RenewalFailed).kind
