"""A manager in a program that forks: the child inherits the token, never the flight."""

from __future__ import annotations

import asyncio
from pathlib import Path

from forking import exit_code, fork, forking, with_threads
from managing import Handmade, eventually, manager, passing, server_of
from mintonce import FileStore, Token, TokenManager
from mintonce.testing import Fault, ManualClock


@forking
@with_threads
def test_a_forked_child_inherits_the_token() -> None:
    """And asks for none, although the loop of its parent is running."""
    source, clock = Handmade(), ManualClock()
    tokens = TokenManager(source, clock=clock)

    async def child() -> bool:
        first = await tokens.get()
        clock.advance(2)
        return first == await tokens.get() and source.requests == 1

    async def parent() -> int:
        await tokens.get()
        return exit_code(fork(lambda: asyncio.run(child())))

    assert 0 == asyncio.run(parent())
    asyncio.run(tokens.aclose())


@forking
@with_threads
def test_a_child_that_is_forked_in_mid_flight(tmp_path: Path) -> None:
    """It inherits no flight: it waits for that of its parent, as any other process does."""

    async def parent() -> None:
        async with server_of() as server:
            tokens = manager(server, store=FileStore(tmp_path / "tokens"))
            server.fail(Fault.latency(0.5))
            waiting = asyncio.create_task(tokens.get())
            await server.arrived(1)

            async def child() -> bool:
                return (await tokens.get()).fingerprint == server.log[0].fingerprint

            # Waited for in a thread, because the server has to answer meanwhile.
            assert 0 == await asyncio.to_thread(exit_code, fork(lambda: asyncio.run(child())))
            await waiting
            await tokens.aclose()
            assert 1 == server.requests

    asyncio.run(parent())


@forking
def test_a_loop_that_is_closed_over_a_flight() -> None:
    """The lease dies with it: the next loop waits for that, and then mints."""
    source, clock = Handmade(), ManualClock()
    tokens = TokenManager(source, clock=clock)

    async def leave() -> None:
        source.open = asyncio.Event()
        leaving.append(asyncio.create_task(tokens.get()))
        await eventually(lambda: source.requests)

    async def come_back() -> bool:
        source.open = asyncio.Event()
        source.open.set()
        async with passing(clock), tokens:
            return (await tokens.get()).access_token == "handmade-1" and source.requests == 2

    def check() -> bool:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(leave())
        loop.close()
        return asyncio.run(come_back())

    leaving: list[asyncio.Task[Token]] = []
    # In a child, because what asyncio says of tasks that were left behind is an error here.
    assert 0 == exit_code(fork(check))
