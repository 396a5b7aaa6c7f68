"""Clocks that are set, that stand still, that differ, and tokens that live for moments only."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from managing import Handmade, eventually, moment, prints, settled
from mintonce import Budget, BudgetExhausted, MemoryStore, TokenManager, TokenRequestError
from mintonce.testing import ManualClock

pytestmark = pytest.mark.asyncio

HOUR = 3600.0


async def still_good(tokens: TokenManager) -> bool:
    """Whether the manager hands out the token that it minted first."""
    return (await tokens.get()).access_token == "handmade-1"


@pytest.mark.parametrize("step", [-10 * HOUR, -HOUR, -301.0, -1.0])
async def test_the_wall_clock_is_set_back(step: float) -> None:
    """The token is not believed for longer than the steady clock says, and not for less."""
    clock, source = ManualClock(), Handmade(lifetime=HOUR)
    async with TokenManager(source, clock=clock, refresh_ahead=0) as tokens:
        await tokens.get()
        clock.step_wall(step)
        clock.advance(HOUR - 2)
        assert await still_good(tokens)
        assert 1 == source.requests
        clock.advance(2)
        assert not await still_good(tokens)
        clock.advance(HOUR - 2)
        await tokens.get()
        assert 2 == source.requests


@pytest.mark.parametrize("step", [HOUR, 1000 * HOUR])
async def test_the_wall_clock_is_set_forth(step: float) -> None:
    """It may be right now: the token is not used any more, after a moment at most; one request."""
    clock, source = ManualClock(), Handmade(lifetime=HOUR)
    async with TokenManager(source, clock=clock) as tokens:
        await tokens.get()
        clock.step_wall(step)
        clock.advance(1)
        assert not await still_good(tokens)
        assert 2 == source.requests


async def test_the_wall_clock_jumps_forth_and_back() -> None:
    """Each way costs one request at most, and nobody gets a token that is over."""
    clock, source = ManualClock(), Handmade(lifetime=HOUR)
    async with TokenManager(source, clock=clock) as tokens:
        for step in (2 * HOUR, -2 * HOUR) * 3:
            clock.step_wall(step)
            clock.advance(1)
            await tokens.get()
        assert source.requests <= 4
        clock.advance(HOUR)
        before = source.requests
        await tokens.get()
        assert before + 1 == source.requests


async def test_a_restart_after_the_wall_clock_was_set_back() -> None:
    """A token from the future is not believed: who wrote it had a clock that was wrong."""
    clock, source, store = ManualClock(), Handmade(lifetime=HOUR), MemoryStore()
    await TokenManager(source, store=store, clock=clock).get()
    clock.step_wall(-2 * HOUR)
    later = TokenManager(source, store=store, clock=clock)
    token = await later.get()
    assert HOUR == token.remaining(clock.wall())
    assert 2 == source.requests
    assert token == await TokenManager(source, store=store, clock=clock).get()


async def test_suspend() -> None:
    """What expired while the machine slept is not handed out when it wakes up."""
    clock, source = ManualClock(), Handmade(lifetime=HOUR)
    async with TokenManager(source, clock=clock) as tokens:
        await tokens.get()
        await tokens.get()
        clock.suspend(HOUR)
        assert not await still_good(tokens)


async def test_suspended_while_others_hold_the_lease() -> None:
    """Nobody can have watched it while the machine slept: it is watched anew."""
    clock, store = ManualClock(), MemoryStore()
    holder, source = Handmade(), Handmade()
    holder.open.clear()
    first = TokenManager(holder, store=store, clock=clock)
    second = TokenManager(source, store=store, clock=clock)
    minting = asyncio.create_task(first.get())
    await eventually(lambda: holder.requests)
    waiting = asyncio.create_task(second.get())
    await eventually(lambda: "get 0" in second._flights)
    clock.suspend(HOUR / 2)
    for _ in range(40):
        await moment()
    holder.open.set()
    assert await minting == await waiting
    assert 0 == source.requests


@dataclass
class Host:
    """A host whose wall clock is off by so many seconds, by the time of another clock."""

    right: ManualClock
    off: float

    def wall(self) -> float:
        """The time of day, as this host has it."""
        return self.right.wall() + self.off

    def steady(self) -> float:
        """Seconds since an arbitrary point."""
        return self.right.steady() + 1e6


@pytest.mark.parametrize("off", [-200.0, -30.0, 30.0, 200.0])
async def test_hosts_whose_clocks_differ(off: float) -> None:
    """They share tokens as if they did not, and renew them no more often."""
    clock, source, store = ManualClock(), Handmade(lifetime=HOUR), MemoryStore()
    right = TokenManager(source, store=store, clock=clock)
    other = TokenManager(source, store=store, clock=Host(clock, off))
    for _ in range(10 * 60):
        clock.advance(60)
        await right.get()
        await other.get()
        await settled(right, other)
    assert source.requests <= 12


@pytest.mark.parametrize("off", [-200.0, 200.0])
async def test_a_token_is_never_believed_for_longer_than_it_lives(off: float) -> None:
    """Whoever adopts it from a host with another clock drops it when its life is over."""
    clock, source, store = ManualClock(), Handmade(lifetime=HOUR), MemoryStore()
    await TokenManager(source, store=store, clock=Host(clock, off)).get()
    tokens = TokenManager(source, store=store, clock=clock, refresh_ahead=0)
    assert await still_good(tokens)
    clock.advance(HOUR)
    assert not await still_good(tokens)


async def test_a_host_with_a_clock_that_is_hours_fast() -> None:
    """It cannot make the others believe in its tokens, nor does each of its looks mint one."""
    clock, source, store = ManualClock(), Handmade(lifetime=HOUR), MemoryStore()
    right = [TokenManager(source, store=store, clock=clock) for _ in range(3)]
    fast = TokenManager(source, store=store, clock=Host(clock, 5 * HOUR))
    for _ in range(50):
        await fast.get()
        found = [await tokens.get() for tokens in right]
        assert 1 == len(prints(found))
        clock.advance(60)
    assert source.requests <= 3


@pytest.mark.parametrize("lifetime", [30.0, 1.0, 0.01])
async def test_a_lifetime_shorter_than_refresh_ahead(lifetime: float) -> None:
    """A tenth of the lifetime is the most that early renewal takes."""
    clock, source = ManualClock(), Handmade(lifetime=lifetime)
    async with TokenManager(source, clock=clock, refresh_ahead=3600) as tokens:
        for _ in range(100):
            clock.advance(lifetime / 10)
            assert (await tokens.get()).remaining(clock.wall()) > 0
            await settled(tokens)
        assert 10 <= source.requests <= 100 / 9 + 2


async def test_a_window_that_was_closed_is_not_opened_by_a_clock_that_steps_back() -> None:
    """What was spent stays spent, also for a manager that only knows the earlier time."""
    clock, source, store = ManualClock(), Handmade(lifetime=60), MemoryStore()
    budget = Budget(2, per="hour")
    async with TokenManager(source, store=store, clock=clock, budget=budget) as tokens:
        for _ in range(2):
            await tokens.get()
            clock.advance(61)
        clock.step_wall(-2 * HOUR)
        with pytest.raises(BudgetExhausted):
            await tokens.get()
    earlier = TokenManager(source, store=store, clock=clock, budget=budget)
    with pytest.raises(BudgetExhausted):
        await earlier.get()
    assert 2 == source.requests


async def test_a_pause_that_a_wrong_clock_wrote_down() -> None:
    """It does not hold anybody up for as long as the clock was wrong."""
    clock, source, store = ManualClock(), Handmade(), MemoryStore()
    source.answers.append(ZeroDivisionError("in the source"))
    fast = TokenManager(source, store=store, clock=Host(clock, 100 * HOUR))
    with pytest.raises(Exception, match="ZeroDivisionError"):
        await fast.get()
    await TokenManager(source, store=store, clock=clock).get()
    assert 2 == source.requests


@pytest.mark.parametrize(
    ("lifetime", "step"), [(60.0, -120.0), (60.0, -300.0), (300.0, -330.0), (HOUR, -HOUR - 50)]
)
async def test_renewal_after_the_wall_clock_was_set_back(lifetime: float, step: float) -> None:
    """What is minted then expires earlier than what it replaces, by the clock that was set."""
    clock, source = ManualClock(), Handmade(lifetime=lifetime)
    managers = [TokenManager(source, store=store, clock=clock) for store in [MemoryStore()] * 3]
    await asyncio.gather(*(tokens.get() for tokens in managers))
    clock.advance(lifetime / 2)
    clock.step_wall(step)
    for _ in range(50):
        clock.advance(lifetime / 50)
        await asyncio.gather(*(tokens.get() for tokens in managers))
        await settled(*managers)
    assert 2 <= source.requests <= 3
    await asyncio.gather(*(tokens.aclose() for tokens in managers))


async def test_a_short_pause_does_not_last_longer_by_a_clock_that_is_set_back() -> None:
    """By how far the clocks of two hosts may differ."""
    clock, source = ManualClock(), Handmade()
    source.answers.append(TokenRequestError("busy", may_have_issued=True))
    async with TokenManager(source, clock=clock) as tokens:
        with pytest.raises(TokenRequestError, match="busy"):
            await tokens.get()
        clock.step_wall(-200)
        with pytest.raises(TokenRequestError, match="busy"):
            await tokens.get()
        clock.advance(1.3)
        await tokens.get()
    assert 2 == source.requests
