"""Listeners are called in a thread of their own: one that raises or blocks harms nobody."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from managing import Handmade, eventually
from mintonce import TokenManager, courier
from mintonce.courier import Courier
from mintonce.events import Event, TokenMinted, TokenRejected

pytestmark = pytest.mark.asyncio


async def test_in_order_and_before_the_manager_is_closed() -> None:
    """All events of all managers, in one thread that is not that of the loop."""
    heard: list[tuple[str, int]] = []

    def listener(event: Event) -> None:
        heard.append((type(event).__name__, threading.get_ident()))

    async with TokenManager(Handmade(), on_event=[listener, listener]) as tokens:
        await tokens.invalidate(await tokens.get())
    minted, rejected = TokenMinted.__name__, TokenRejected.__name__
    assert [minted, minted, rejected, rejected] == [name for name, _ in heard]
    (thread,) = {thread for _, thread in heard}
    assert thread != threading.get_ident()


async def test_a_listener_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """Callers get their token, the others hear all of it, and the log says what was raised."""
    heard = list[Event]()

    def broken(event: Event) -> None:
        raise LookupError(type(event).__name__)

    async with TokenManager(Handmade(), on_event=[broken, heard.append]) as tokens:
        await tokens.get()
        await tokens.invalidate("another")
    assert 2 == len(heard)
    lines = [(r.levelno, r.getMessage(), str(r.exc_info and r.exc_info[1])) for r in caplog.records]
    line = "a listener failed"
    assert [(logging.ERROR, line, "TokenMinted"), (logging.ERROR, line, "TokenRejected")] == lines


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
async def test_what_would_end_a_thread(error: type[BaseException]) -> None:
    """The others hear what comes after it all the same."""
    heard = list[Event]()

    def broken(_: Event) -> None:
        raise error

    async with TokenManager(Handmade(), on_event=[broken, heard.append]) as tokens:
        await tokens.get()
        await tokens.invalidate("another")
    assert 2 == len(heard)


async def test_a_log_handler_that_raises_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the log is no place to tell it, and the thread goes on."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise LookupError(record.msg)

    mine, handler, over = Courier(), Broken(), threading.Event()
    courier.logger.addHandler(handler)
    try:
        mine.deliver(partial(list[int]().remove, 0))
        mine.deliver(over.set)
        await eventually(over.is_set)
        monkeypatch.setattr(mine, "_calls", queue.Queue(1))
        for _ in range(3):
            mine.deliver(over.set)  # it is full, and that cannot be told either
    finally:
        courier.logger.removeHandler(handler)


async def test_a_listener_that_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither callers nor `aclose` wait for it."""
    monkeypatch.setattr(courier, "WAIT", 0.05)
    entered, may_go_on = threading.Event(), threading.Event()

    def blocked(_: Event) -> None:
        entered.set()
        may_go_on.wait()

    try:
        tokens = TokenManager(Handmade(), on_event=blocked)
        await asyncio.wait_for(tokens.get(), 5)
        await asyncio.wait_for(tokens.aclose(), 5)
        assert entered.is_set()
    finally:
        may_go_on.set()


async def test_events_that_nobody_takes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While a listener blocks, a limited number waits; the others are lost, and that is told."""
    monkeypatch.setattr(courier, "_ROOM", 3)
    mine, called = Courier(), list[int]()
    blocks, may_go_on = threading.Event(), threading.Event()
    mine.deliver(blocks.set)
    mine.deliver(may_go_on.wait)
    await eventually(lambda: blocks.is_set() and mine._calls.empty())
    for number in range(50):
        mine.deliver(partial(called.append, number))
    may_go_on.set()
    await eventually(lambda: called == [0, 1, 2])
    assert ["a listener blocks: events are lost until it goes on"] == caplog.messages


async def test_there_is_no_thread(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Events are lost and no caller notices; once there can be one, they are heard."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    mine, heard = Courier(), threading.Event()
    with monkeypatch.context() as no_threads:
        no_threads.setattr(threading.Thread, "start", refuse)
        for _ in range(3):
            mine.deliver(heard.set)
        no_threads.setattr(courier, "WAIT", 3600.0)
        await asyncio.wait_for(mine.emptied(), 5)  # there is nobody to wait for
    assert 1 == len(caplog.messages)
    mine.deliver(heard.set)
    await eventually(heard.is_set)


async def test_threads_that_are_the_first_to_tell() -> None:
    """However many loops begin at once, one thread calls all listeners."""
    # Once at leisure: threads may not start in haste while coverage is measured, on Python 3.11.
    await callers(Courier(), threading.Barrier(4))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(100):
            assert 1 == len(await callers(Courier(), threading.Barrier(4)))
    finally:
        sys.setswitchinterval(interval)


async def callers(mine: Courier, ready: threading.Barrier) -> set[int]:
    """Have as many threads as are awaited there tell something; return who calls the listeners."""
    found = set[int]()

    def tell() -> None:
        ready.wait()
        mine.deliver(lambda: found.add(threading.get_ident()))

    await asyncio.gather(*(asyncio.to_thread(tell) for _ in range(ready.parties)))
    await mine.emptied()
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
async def test_a_forked_child_has_a_thread_of_its_own() -> None:
    """What happens there is heard there."""
    mine = Courier()
    mine.deliver(lambda: None)
    await mine.emptied()
    child = os.fork()
    if child == 0:
        heard = threading.Event()
        mine.deliver(heard.set)
        os._exit(0 if heard.wait(5) else 1)
    assert (child, 0) == await asyncio.to_thread(os.waitpid, child, 0)


SCRIPT = """
import asyncio, sys, threading
sys.path.append({tests!r})
from managing import Handmade
from mintonce import TokenManager

def slow(event):
    threading.Event().wait({seconds})
    print(type(event).__name__)

asyncio.run(TokenManager(Handmade(), on_event=slow).get())
"""


@pytest.mark.parametrize(("seconds", "heard"), [(0.2, "TokenMinted\n"), (3600, "")])
async def test_a_process_that_ends(seconds: float, heard: str) -> None:
    """It waits a moment for listeners, also when nothing was closed, and not for ever."""
    script = SCRIPT.format(seconds=seconds, tests=str(Path(__file__).parent))
    started = time.monotonic()
    done = await asyncio.to_thread(
        partial(subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True)
    )
    assert (0, heard, "") == (done.returncode, done.stdout, done.stderr)
    assert time.monotonic() - started < 60


async def test_a_loop_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waited in it is not missed, and the thread goes on."""
    monkeypatch.setattr(courier, "WAIT", 0.01)
    mine, may_go_on = Courier(), threading.Event()
    mine.deliver(may_go_on.wait)

    await asyncio.to_thread(lambda: asyncio.run(mine.emptied()))
    may_go_on.set()
    over = threading.Event()
    mine.deliver(over.set)
    await eventually(over.is_set)
