"""One manager on one event loop after another, on two at once, and closed in mid-flight."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from managing import Handmade, eventually
from mintonce import FileStore, MemoryStore, Token, TokenManager, TokenRequestError, UsageError
from mintonce.testing import ManualClock
from torture import may_leave

Main = Callable[[], Coroutine[Any, Any, Any]]


def test_constructed_without_a_loop_and_run_twice() -> None:
    """The second loop finds the token of the first."""
    source = Handmade()
    tokens = TokenManager(source)
    found = [asyncio.run(tokens.get()) for _ in range(2)]
    asyncio.run(tokens.aclose())
    assert found[0] is found[1]
    assert 1 == source.requests


def test_a_loop_that_ends_in_mid_flight(tmp_path: Path) -> None:
    """The mint ends with it, gives its lease back, and the next loop mints at once."""
    source = Handmade()
    tokens = TokenManager(source, store=FileStore(tmp_path / "tokens"))

    async def leave() -> None:
        source.open = asyncio.Event()
        waiting = asyncio.create_task(tokens.get())
        await eventually(lambda: source.requests)
        assert not waiting.done()

    async def come_back() -> Token:
        source.open.set()
        async with asyncio.timeout(2):  # less than it takes for a lease to die
            return await tokens.get()

    with may_leave("its loop ends in mid-flight"):
        asyncio.run(leave())
    assert "handmade-1" == asyncio.run(come_back()).access_token
    assert 2 == source.requests
    mints = asyncio.run(tokens.status()).mints
    assert ["sent", "minted"] == [mint.outcome for mint in mints]
    asyncio.run(tokens.aclose())


def in_another_thread(main: Main) -> Any:
    """Run a coroutine on a loop of its own."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(asyncio.run(main()))
        except Exception as error:  # noqa: BLE001 - what it is, the test asks
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return found[0]


def test_two_loops_at_once() -> None:
    """The second one is told what to do, loses nothing, and takes over when the first has ended."""
    source, clock = Handmade(), ManualClock()
    tokens = TokenManager(source, clock=clock)

    async def first() -> Token:
        token = await tokens.get()
        clock.advance(2)
        for use in (tokens.get, partial(tokens.invalidate, token), tokens.aclose):
            error = in_another_thread(use)
            assert isinstance(error, UsageError)
            assert "make one for each" in str(error)
        return await tokens.get()

    token = asyncio.run(first())
    assert token == in_another_thread(tokens.get)
    assert 1 == source.requests


def test_a_loop_that_only_rests() -> None:
    """Two loops that run in turns use the manager in turns."""
    source, clock = Handmade(), ManualClock()
    tokens = TokenManager(source, clock=clock)
    loops = [asyncio.new_event_loop() for _ in range(2)]
    for loop in loops * 3:
        loop.run_until_complete(tokens.get())
        clock.advance(3700)
    for loop in loops:
        loop.run_until_complete(tokens.aclose())
        loop.close()
    assert 6 == source.requests


@pytest.mark.asyncio
async def test_closed_from_any_task() -> None:
    """Not only from the task that made it."""
    tokens = TokenManager(Handmade())
    await tokens.get()
    await asyncio.create_task(tokens.aclose())
    with pytest.raises(UsageError, match="closed"):
        await tokens.get()


@pytest.mark.asyncio
@pytest.mark.parametrize("step", range(40))
async def test_callers_who_come_when_a_call_ends(step: int) -> None:
    """At whatever step of a call that fails for another caller: they get what they came for."""
    source = Handmade(lifetime=300)
    async with TokenManager(source) as tokens:
        demanding = asyncio.create_task(tokens.get(min_validity=1000))
        for _ in range(step):
            await asyncio.sleep(0)
        assert "handmade-1" == (await tokens.get()).access_token
        with pytest.raises(UsageError, match="live 300 s"):
            await demanding
        assert 1 == source.requests


@pytest.mark.asyncio
async def test_a_failure_that_nobody_waits_for_is_not_reported_to_the_loop() -> None:
    """Callers who left are no reason for a traceback in the log."""
    reported: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context))
    source = Handmade()
    source.answers.append(TokenRequestError("no", permanent=True))
    async with TokenManager(source) as tokens:
        callers = [asyncio.create_task(tokens.get()) for _ in range(3)]
        await eventually(lambda: source.requests)
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)
    assert [] == reported


EAGER = getattr(asyncio, "eager_task_factory", None)


@pytest.mark.skipif(EAGER is None, reason="eager tasks came with Python 3.12")
@pytest.mark.parametrize("error", [None, TokenRequestError("no", permanent=True)])
def test_eager_tasks(error: TokenRequestError | None, caplog: pytest.LogCaptureFixture) -> None:
    """Tasks that run before their creator goes on change nothing."""
    caplog.set_level(logging.WARNING)
    source = Handmade()
    source.answers += [error] if error else []
    store = MemoryStore()

    async def run() -> set[str]:
        asyncio.get_running_loop().set_task_factory(EAGER)
        found = set[str]()
        async with TokenManager(source, store=store) as tokens:
            for _ in range(3):
                calls = (tokens.get(min_validity=need) for need in range(20))
                results = await asyncio.gather(*calls, return_exceptions=True)
                found |= {str(result) for result in results}
        return found

    for _ in range(2):
        # Not on uvloop: it speaks to the factory as the next patch release of Python would have it.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            assert 1 == len(runner.run(run()))
    assert 1 == source.requests
    assert [] == caplog.records
