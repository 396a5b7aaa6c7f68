"""Holding a lease: it is kept alive, and its holder knows whether it still is theirs."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from making import make_lease, make_token
from managing import Handmade
from mintonce import TokenManager
from mintonce.cell import Cell
from mintonce.lease import HeldLease
from mintonce.outcome import landed, released
from mintonce.record import Record
from mintonce.renewal import HEARTBEAT, LEASE
from mintonce.testing import ManualClock
from troubled import Swap, Troubled, answer_lost, fails, run, skip

MINE, THEIRS = make_lease(reason="expired"), make_lease("them", by="other:2")


class Host:
    """A process that has claimed the lease, and the store that it shares with others."""

    def __init__(self, held: HeldLease, store: Troubled, clock: ManualClock) -> None:
        self.held = held
        self.store = store
        self.clock = clock
        self.others: Cell[Record] = Cell(
            store, "token-a", Record, writer="others", ttl=lambda _: 60.0
        )

    @classmethod
    async def make(cls) -> Host:
        """Claim it."""
        store, clock = Troubled(), ManualClock()
        mine: Cell[Record] = Cell(store, "token-a", Record, writer="mine", ttl=lambda _: 60.0)
        claimed = await mine.swap(await mine.read(), Record(lease=MINE))
        assert claimed is not None
        return cls(HeldLease(mine, claimed, MINE, clock, written=clock.steady()), store, clock)

    async def raw(self) -> bytes | None:
        """The bytes that others compare."""
        return await self.store.read("token-a")

    async def pass_time(self, seconds: float) -> None:
        """Let time pass on the clock and on the loop, in small steps."""
        for _ in range(round(seconds / 0.1)):
            self.clock.advance(0.1)
            await skip(0.1)


async def forever() -> None:
    """A request without an answer."""
    await asyncio.Event().wait()


async def nothing() -> str:
    """A request that takes no time."""
    return "done"


@pytest.mark.asyncio
async def test_a_lease_that_was_just_written_is_firm() -> None:
    """And it stays so for as long as nobody can take it."""
    host = await Host.make()
    assert host.held.firm
    assert Record(lease=MINE) == host.held.record
    host.clock.advance(LEASE - 0.01)
    assert host.held.firm
    host.clock.advance(0.01)
    assert not host.held.firm


@pytest.mark.asyncio
async def test_after_a_pause_the_lease_is_confirmed() -> None:
    """Nobody has taken it, so it is firm again; others see that it was written."""
    host = await Host.make()
    before = await host.raw()
    host.clock.advance(LEASE)
    await host.held.confirm()
    assert host.held.firm
    assert before != await host.raw()


@pytest.mark.asyncio
async def test_a_firm_lease_needs_no_confirmation() -> None:
    """Nothing is written."""
    host = await Host.make()
    before = await host.raw()
    await host.held.confirm()
    assert before == await host.raw()


@pytest.mark.asyncio
async def test_a_lease_that_was_taken_is_not_confirmed() -> None:
    """It belongs to somebody else, and its holder knows from then on."""
    host = await Host.make()
    await host.others.update(lambda record: replace(record, lease=THEIRS))
    before = await host.raw()
    host.clock.advance(LEASE)
    await host.held.confirm()
    assert not host.held.firm
    assert THEIRS == host.held.record.lease
    assert before == await host.raw()


@pytest.mark.asyncio
async def test_the_age_of_a_lease_counts_from_before_it_was_written() -> None:
    """Others have seen it while its holder still waited for the answer."""
    host = await Host.make()

    async def slow(swap: Swap) -> bool:
        host.clock.advance(LEASE)
        return await swap()

    host.store.swaps = [slow]
    host.clock.advance(LEASE)
    await host.held.confirm()
    assert not host.held.firm


@pytest.mark.asyncio
async def test_what_others_write_meanwhile_is_kept() -> None:
    """A rejection is noted while the holder mints: its token lands all the same."""
    host = await Host.make()
    await host.others.update(lambda record: replace(record, rejected=("0123456789ab",)))
    token = make_token()
    after = await host.held.update(lambda record, lease: landed(record, lease, token))
    assert (token, None, ("0123456789ab",)) == (after.token, after.lease, after.rejected)
    assert after == host.held.record == (await host.others.read()).value


@pytest.mark.asyncio
async def test_the_result_comes_through() -> None:
    """Or the error; and nothing beats on after that."""
    host = await Host.make()
    tasks = asyncio.all_tasks()
    assert "done" == await host.held.during(nothing())
    with pytest.raises(ZeroDivisionError):
        await host.held.during(asyncio.to_thread(lambda: 1 // 0))
    assert tasks == asyncio.all_tasks()


def test_a_lease_is_kept_alive_while_a_block_runs() -> None:
    """It beats a few times in the life of a lease, and stays firm."""

    async def check() -> None:
        host = await Host.make()
        call = asyncio.create_task(host.held.during(forever()))
        for beats in range(1, 6):
            await host.pass_time(HEARTBEAT)
            assert host.held.firm
            assert 1 + beats <= len(host.store.done) + 1
        assert len(host.store.done) >= 5
        call.cancel()
        await asyncio.wait([call])
        done = len(host.store.done)
        await host.pass_time(2 * HEARTBEAT)
        assert done == len(host.store.done)

    run(check)


@pytest.mark.parametrize("trouble", [fails, answer_lost])
def test_one_heartbeat_that_fails_does_no_harm(
    trouble: type, caplog: pytest.LogCaptureFixture
) -> None:
    """The next one comes in time."""

    async def check() -> None:
        host = await Host.make()
        call = asyncio.create_task(host.held.during(forever()))
        host.store.swaps = [trouble]
        firm = []
        for _ in range(50):
            await host.pass_time(0.1)
            firm.append(host.held.firm)
        assert all(firm)
        call.cancel()
        await asyncio.wait([call])

    with caplog.at_level(logging.WARNING):
        run(check)
    assert (trouble is fails) == ("the lease could not be renewed: refused" in caplog.text)


def test_heartbeats_that_all_fail_make_the_lease_weak() -> None:
    """Its holder knows that others may have taken it; when the store is back, it is firm again."""

    async def check() -> None:
        host = await Host.make()
        call = asyncio.create_task(host.held.during(forever()))
        host.store.swaps = [fails] * 5
        await host.pass_time(LEASE + 0.1)
        assert not host.held.firm
        await host.pass_time(5 * HEARTBEAT)
        assert host.held.firm
        call.cancel()
        await asyncio.wait([call])

    run(check)


def test_a_lease_that_was_lost_is_not_fought_for() -> None:
    """Its former holder stops beating; the call goes on, because its answer may be a token."""

    async def check() -> None:
        host, answer = await Host.make(), asyncio.Event()
        call = asyncio.create_task(host.held.during(answer.wait()))
        await host.others.update(lambda record: replace(record, lease=THEIRS))
        before = await host.raw()
        await host.pass_time(3 * HEARTBEAT)
        assert before == await host.raw()
        assert not host.held.firm
        answer.set()
        assert await call
        assert THEIRS == (await host.held.update(released)).lease

    run(check)


@pytest.mark.asyncio
async def test_a_process_that_was_paused_while_it_claimed_mints_nothing() -> None:
    """Others saw the lease die, took it and minted, before its holder heard that it had it."""
    clock, store, source = ManualClock(), Troubled(), Handmade()
    others: Cell[Record] = Cell(store, source.key, Record, writer="others", ttl=lambda _: 60.0)

    async def paused(swap: Swap) -> bool:
        done = await swap()
        clock.advance(LEASE)
        token = make_token("theirs", issued_at=clock.wall())
        await others.update(lambda record: replace(record, lease=None, token=token))
        return done

    store.swaps = [paused]
    async with TokenManager(source, store=store, clock=clock) as tokens:
        assert "theirs" == (await tokens.get()).access_token
    assert 0 == source.requests
