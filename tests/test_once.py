"""G1 once: while a usable token is in the store nobody mints, and one request serves all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fleet import fleet
from managing import Handmade, credentials, eventually, manager, prints, server_of, together
from mintonce import Budget, FileStore, MemoryStore, TokenManager
from mintonce.testing import Fault, ManualClock

pytestmark = pytest.mark.asyncio


async def test_ten_thousand_tasks_on_a_cold_manager() -> None:
    """They all get the one token of the one request."""
    async with server_of(latency=0.05) as server, manager(server) as tokens:
        found = await together(10_000, tokens.get)
        assert 1 == server.requests
        assert 1 == len(prints(found))
        # One of them looked into the store, too, and not each for itself.
        assert (1, 0) == (tokens.stats.minted, tokens.stats.adopted)


async def test_sixteen_cold_processes_on_one_file_store(tmp_path: Path) -> None:
    """They start together, with many tasks each, and find one token."""
    async with (
        server_of(latency=0.05) as server,
        fleet(server, tmp_path / "tokens", 16) as workers,
    ):
        found = await asyncio.gather(*(worker.token(tasks=50) for worker in workers))
        assert 1 == server.requests
        assert 1 == len(set(found))


async def test_twenty_short_lived_processes_one_after_another(tmp_path: Path) -> None:
    """The first one mints; the others find its token in the file."""
    found = set[str]()
    async with server_of() as server:
        for _ in range(20):
            async with fleet(server, tmp_path / "tokens", 1) as (worker,):
                found.add(await worker.token())
                assert 0 == await worker.close()
        assert 1 == server.requests
        assert 1 == len(found)


@pytest.mark.parametrize("budget", [None, Budget(1000, per="month")])
async def test_many_managers_on_one_store(budget: Budget | None) -> None:
    """What holds for processes holds for the managers of one process."""
    store = MemoryStore()
    async with server_of(latency=0.05) as server:
        managers = [manager(server, store=store, budget=budget) for _ in range(10)]
        found = [await asyncio.gather(*(tokens.get() for tokens in managers)) for _ in range(2)]
        assert 1 == server.requests
        assert 1 == len(prints([*found[0], *found[1]]))
        assert 1 == sum(tokens.stats.minted for tokens in managers)
        assert 9 == sum(tokens.stats.adopted for tokens in managers)


async def test_callers_who_need_different_lives() -> None:
    """The token of one request is good enough for all of them."""
    async with server_of(latency=0.05) as server, manager(server) as tokens:
        needs = range(0, 3000, 10)
        await asyncio.gather(*(tokens.get(min_validity=need) for need in needs))
        assert 1 == server.requests


async def test_different_clients_of_one_store_have_different_tokens(tmp_path: Path) -> None:
    """What changes the answer of the server changes the name of the token in the store."""
    store = FileStore(tmp_path / "tokens")
    async with server_of() as server:
        sources = [credentials(server, audience=name) for name in ("orders", "stock", "orders")]
        managers = [TokenManager(source, store=store) for source in sources]
        orders, stock, again = [await tokens.get() for tokens in managers]
        assert 2 == server.requests
        assert orders == again != stock


async def test_a_token_outlives_the_manager(tmp_path: Path) -> None:
    """A restart finds it in the store."""
    async with server_of() as server:
        for _ in range(3):
            async with manager(server, store=FileStore(tmp_path / "tokens")) as tokens:
                await tokens.get()
        assert 1 == server.requests


async def test_early_renewal_stays_in_the_background() -> None:
    """Callers get the old token at once while the server takes its time."""
    clock, source = ManualClock(), Handmade()
    async with TokenManager(source, clock=clock) as tokens:
        old = await tokens.get()
        source.open.clear()
        clock.advance(3590)
        assert {old.fingerprint} == prints(await together(100, tokens.get))
        await eventually(lambda: source.requests == 2)
        assert {old.fingerprint} == prints(await together(100, tokens.get))
        source.open.set()
        await eventually(lambda: tokens.stats.minted == 2)
        assert old != await tokens.get()
        assert 2 == source.requests


async def test_early_renewal_is_left_out_while_nobody_asks() -> None:
    """An idle service mints nothing."""
    clock, source = ManualClock(), Handmade()
    async with TokenManager(source, clock=clock) as tokens:
        await tokens.get()
        clock.advance(7200)
    assert 1 == source.requests


async def test_one_early_renewal_for_a_group_of_processes(tmp_path: Path) -> None:
    """All go on with the old token; one of them asks for a new one, and all change over to it."""
    async with (
        server_of() as server,
        fleet(server, tmp_path / "tokens", 4, wall=1_700_000_000.0) as workers,
    ):
        (old,) = {await worker.token() for worker in workers}
        server.fail(Fault.latency(0.5))
        await asyncio.gather(*(worker.ask("advance", seconds=3590) for worker in workers))
        found = await asyncio.gather(*(worker.token(tasks=10) for worker in workers))
        assert {old} == set(found)
        await server.arrived(2)
        for worker in workers:
            while (new := await worker.token()) == old:
                pass
            found.append(new)
        assert 2 == len(set(found))
        assert 2 == server.requests


async def test_a_group_of_processes_whose_token_has_expired(tmp_path: Path) -> None:
    """Without a usable token they all wait for one request."""
    async with (
        server_of(latency=0.1) as server,
        fleet(server, tmp_path / "tokens", 4, wall=1_700_000_000.0) as workers,
    ):
        (old,) = {await worker.token() for worker in workers}
        await asyncio.gather(*(worker.ask("advance", seconds=3601) for worker in workers))
        (new,) = set(await asyncio.gather(*(worker.token(tasks=10) for worker in workers)))
        assert old != new
        assert 2 == server.requests
