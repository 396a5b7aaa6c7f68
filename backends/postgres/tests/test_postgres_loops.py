"""Connections for each event loop and each process that uses a store, and many tasks at once."""

from __future__ import annotations

import asyncio
import gc
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from backing.loops import Loops
from backing.using import fresh, put
from managing import eventually
from mintonce_postgres import PostgresStore
from mintonce_postgres.gate import CONNECTIONS
from postgres_server import PostgresServer
from postgres_using import OnPostgres, link_of, opened
from torture import may_block


class TestLoops(OnPostgres, Loops[PostgresStore]):
    """What holds for each store that keeps connections."""


@pytest.mark.asyncio
async def test_many_tasks_share_few_connections(own: PostgresServer) -> None:
    """A hundred tasks at once are served, some of them after others."""
    async with opened(own.url()) as store:
        key, most = fresh(), 0
        await put(store, key, b"value")
        reads = asyncio.gather(*(store.read(key) for _ in range(100)))
        while not reads.done():
            most = max(most, await asyncio.to_thread(own.connections))
        assert {b"value"} == {*await reads}
        assert link_of(store).pool.get_size() <= CONNECTIONS
        assert 1 <= most <= CONNECTIONS


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # that is the point
def test_a_loop_that_is_merely_closed(own: PostgresServer) -> None:
    """It leaves a connection that nobody can use any more, so the next loop ends that."""
    store = PostgresStore.from_url(own.url())
    for _ in range(4):
        with closing(asyncio.new_event_loop()) as loop:
            assert loop.run_until_complete(store.read("key")) is None
            loop.run_until_complete(eventually(lambda: own.connections() == 1))
    asyncio.run(store.read("key"))
    asyncio.run(eventually(lambda: own.connections() == 0))
    gc.collect()  # while the warnings are let be


def test_another_thread_comes_at_any_moment(
    own: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its loop gets connections of its own while this one looks for what it has."""
    store = PostgresStore.from_url(own.url())
    loops = [asyncio.new_event_loop() for _ in range(3)]

    def read(loop: asyncio.AbstractEventLoop) -> None:
        assert loop.run_until_complete(store.read("key")) is None

    def in_between() -> int:
        monkeypatch.undo()
        with may_block("it happens at once, to be seen"), ThreadPoolExecutor(1) as threads:
            threads.submit(read, loops[2]).result()
        return os.getpid()

    read(loops[0])
    monkeypatch.setattr(os, "getpid", in_between)  # which is asked at the moment in question
    read(loops[1])
    for loop in loops:
        loop.run_until_complete(store.aclose())
        loop.close()
