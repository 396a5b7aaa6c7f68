"""G2 budget: never more token requests in a window than allowed, whatever goes wrong."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from fleet import Gone, fleet
from making import utc
from managing import Handmade, eventually, manager, server_of
from mintonce import (
    Budget,
    BudgetExhausted,
    MemoryStore,
    StoreError,
    TokenManager,
    TokenRequestError,
)
from mintonce.testing import Fault, ManualClock
from troubled import Trouble, Troubled, answer_lost, fails

pytestmark = pytest.mark.asyncio

HOUR, DAY = 3600.0, 86_400.0
MAY = utc(2026, 5, 10)
LOST = TokenRequestError("the answer got lost", may_have_issued=True)
REFUSED = TokenRequestError("busy", retry_after=60)


async def used(tokens: TokenManager) -> int:
    """What counts, by the ledger."""
    return (await tokens.status()).budgets[0].used


async def spend(tokens: TokenManager, clock: ManualClock, *, times: int, every: float) -> int:
    """Ask for a token now and then, and count how often there is one."""
    found = 0
    for _ in range(times):
        with suppress(BudgetExhausted, TokenRequestError):
            await tokens.get()
            found += 1
        clock.advance(every)
    return found


async def test_a_spent_budget_is_not_exceeded() -> None:
    """The error says what is spent, and when there is more; then there is."""
    clock, source = ManualClock(MAY), Handmade(lifetime=HOUR)
    async with TokenManager(source, budget=Budget(5, per="month"), clock=clock) as tokens:
        assert 5 == await spend(tokens, clock, times=9, every=HOUR)
        with pytest.raises(BudgetExhausted, match="5 token requests per month is spent") as spent:
            await tokens.get()
        june = utc(2026, 6, 1, 0, 5)
        assert (5, 5, june) == (spent.value.limit, spent.value.used, spent.value.resets_at)
        assert 5 == source.requests
        clock.advance(june - clock.wall())
        await tokens.get()
        assert 6 == source.requests


async def test_restarts_do_not_refill_it() -> None:
    """Each process finds what those before it have spent."""
    clock, source, store = ManualClock(MAY), Handmade(lifetime=HOUR), MemoryStore()
    found = 0
    for _ in range(10):
        budget = Budget(4, per="day")
        async with TokenManager(source, store=store, budget=budget, clock=clock) as tokens:
            found += await spend(tokens, clock, times=1, every=HOUR)
    assert (4, 4) == (found, source.requests)


async def test_many_at_once_do_not_exceed_it() -> None:
    """Different tokens of one client, asked for in the same moment."""
    store, budget = MemoryStore(), Budget(7, per="day", name="tenant")
    sources = [Handmade(key=f"token-{number}") for number in range(20)]
    managers = [TokenManager(source, store=store, budget=budget) for source in sources]
    results = await asyncio.gather(*(m.get() for m in managers), return_exceptions=True)
    assert 13 == sum(isinstance(result, BudgetExhausted) for result in results)
    assert 7 == sum(source.requests for source in sources)
    for one in managers:
        await one.aclose()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
async def test_a_process_that_is_killed_in_mid_mint(tmp_path: Path) -> None:
    """Its request counts: the next process does not send what the budget does not allow."""
    async with (
        server_of() as server,
        fleet(server, tmp_path / "tokens", 2, budget=1, warm=True) as workers,
    ):
        server.fail(Fault.latency(60))
        lost = workers[0].ask("get")
        await server.arrived(1)
        workers[0].send_signal(signal.SIGKILL)
        with pytest.raises(Gone):
            await lost
        answer = await workers[1].ask("get")
        assert ("BudgetExhausted", 1) == (answer["raised"], answer["used"])
        assert 1 == server.requests


async def test_callers_who_are_cancelled_cost_one_request() -> None:
    """However often they come and go."""
    source = Handmade()
    source.open.clear()
    async with TokenManager(source, budget=Budget(3, per="day")) as tokens:
        for _ in range(5):
            callers = [asyncio.create_task(tokens.get()) for _ in range(10)]
            await eventually(lambda: source.requests)
            for caller in callers:
                caller.cancel()
            await asyncio.wait(callers)
        source.open.set()
        await tokens.get()
        assert 1 == source.requests == await used(tokens)


async def test_answers_that_get_lost_are_paid_for() -> None:
    """For each of them a token may exist."""
    clock, source = ManualClock(MAY), Handmade()
    source.answers += [LOST] * 99
    async with TokenManager(source, budget=Budget(5, per="month"), clock=clock) as tokens:
        assert 0 == await spend(tokens, clock, times=50, every=HOUR)
        assert 5 == source.requests == await used(tokens)


async def test_refusals_are_not_paid_for() -> None:
    """No token came of them, for certain."""
    clock, source = ManualClock(MAY), Handmade()
    source.answers += [REFUSED] * 20
    async with TokenManager(source, budget=Budget(1, per="month"), clock=clock) as tokens:
        assert 1 == await spend(tokens, clock, times=21, every=HOUR)
        assert (21, 1) == (source.requests, await used(tokens))


async def test_the_server_that_counts_for_itself_agrees() -> None:
    """Real requests to a real server: none that its quota would refuse."""
    clock = ManualClock()
    async with (
        server_of(quota=5, lifetime=60) as server,
        manager(server, budget=Budget(5, per="month"), clock=clock) as tokens,
    ):
        assert 5 == await spend(tokens, clock, times=12, every=61)
        assert 5 == server.requests == server.tokens


async def test_the_server_tells_that_it_allows_less() -> None:
    """The stricter of the two counts."""
    clock = ManualClock()
    async with (
        # By the same clock, so that its window does not end when the day does that it runs on.
        server_of(quota=3, quota_headers=True, lifetime=60, clock=clock) as server,
        manager(server, budget=Budget(5, per="month"), clock=clock) as tokens,
    ):
        assert 3 == await spend(tokens, clock, times=12, every=61)
        with pytest.raises(BudgetExhausted, match="window of the authorization server"):
            await tokens.get()
        assert 3 == server.requests == server.tokens


async def test_a_lost_lease_costs_what_was_sent() -> None:
    """Two processes have minted, because one could not show that it lives: both requests count."""
    clock, store = ManualClock(MAY), MemoryStore()
    slow, fast = Handmade(), Handmade()
    slow.open.clear()
    budget = Budget(2, per="day")
    one = TokenManager(slow, store=store, budget=budget, clock=clock)
    caller = asyncio.create_task(one.get())
    await eventually(lambda: slow.requests)
    # As if it had died: nobody is left who holds a lease.
    await store.swap(slow.key, await store.read(slow.key), None, ttl=60)
    async with TokenManager(fast, store=store, budget=budget, clock=clock) as two:
        await two.get()
        slow.open.set()
        await caller
        assert 2 == await used(two)
        clock.advance(HOUR)
        with pytest.raises(BudgetExhausted):
            await two.get()
    await one.aclose()
    assert (1, 1) == (slow.requests, fast.requests)


@pytest.mark.parametrize(
    ("troubles", "requests"),
    [
        pytest.param([None, answer_lost], 1, id="the answer to the reservation is lost"),
        pytest.param([None, fails], 0, id="the reservation fails"),
        pytest.param([None, None, answer_lost], 1, id="the answer to the landing is lost"),
        pytest.param([None, None, fails], 1, id="the landing fails"),
        pytest.param([None, None, None, answer_lost], 1, id="the last answer is lost"),
        pytest.param([None, None, None, fails], 1, id="the last write fails"),
        pytest.param([fails], 0, id="the claim fails"),
        pytest.param([answer_lost], 1, id="the answer to the claim is lost"),
    ],
)
async def test_whatever_write_goes_wrong_each_request_counts_once(
    troubles: list[Trouble | None], requests: int
) -> None:
    """Of those that are sent, none is left out and none is counted twice."""
    source, store = Handmade(), Troubled()
    store.swaps = [*troubles]  # which takes them one by one
    async with TokenManager(source, store=store, budget=Budget(9, per="day")) as tokens:
        with suppress(StoreError):
            await tokens.get()
        assert requests == source.requests == await used(tokens)
        await tokens.get()
        assert 1 == source.requests == await used(tokens)


async def test_a_ledger_that_cannot_be_read_stops_all_requests() -> None:
    """Counting from zero would break the budget."""
    source = Handmade()
    store = MemoryStore({f"ledger-{source.key}": b"damaged"})
    async with TokenManager(source, store=store, budget=Budget(9, per="day")) as tokens:
        with pytest.raises(StoreError, match="would break the budget"):
            await tokens.get()
    assert 0 == source.requests
