"""Calls under way belong to one event loop of one process."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import closing

import pytest

from flying import Call, join, steps
from managing import eventually
from mintonce import UsageError
from mintonce.flight import Flights


def test_one_loop_after_another() -> None:
    """What was left behind on a loop that is gone is forgotten."""
    flights = Flights()

    async def leave_behind() -> None:
        flights.start("get", Call())
        await steps(2)

    async def join_anew() -> str:
        call = Call()
        call.end.set()
        return await flights.join("get", call)

    asyncio.run(leave_behind())
    assert "result 1" == asyncio.run(join_anew())


def test_a_call_of_an_earlier_loop_that_lands_late() -> None:
    """It takes nothing away from the call of the same name on the later loop."""
    flights, old, new = Flights(), Call(), Call()

    async def begin(call: Call) -> None:
        flights.start("get", call)
        await steps(2)

    with closing(asyncio.new_event_loop()) as first, closing(asyncio.new_event_loop()) as second:
        first.run_until_complete(begin(old))
        second.run_until_complete(begin(new))
        old.end.set()
        first.run_until_complete(steps(5))
        assert (1, True) == (old.ended, "get" in flights)
        new.end.set()
        second.run_until_complete(steps(5))
        assert (1, False) == (new.ended, "get" in flights)


def test_two_loops_at_once_are_told_apart() -> None:
    """The second one is told what is wrong, and the first one goes on."""
    flights, entered, leave = Flights(), threading.Event(), threading.Event()

    async def occupy() -> None:
        flights.enter()
        entered.set()
        await asyncio.to_thread(leave.wait)
        flights.enter()

    async def enter() -> None:
        flights.enter()

    other = threading.Thread(target=asyncio.run, args=[occupy()])
    other.start()
    try:
        assert entered.wait(5)
        with pytest.raises(UsageError) as told:
            asyncio.run(enter())
        message = (
            "two running event loops use one TokenManager: make one for each;"
            " managers with the same store share their tokens"
        )
        assert message == str(told.value)
    finally:
        leave.set()
        other.join()
    asyncio.run(enter())


async def is_under_way(flights: Flights) -> bool:
    """Whether the call is seen from this loop."""
    flights.enter()
    return "get" in flights


@pytest.mark.asyncio
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
async def test_a_forked_child_inherits_no_call() -> None:
    """Nothing of its parent's loop runs in it, so there is nothing to wait for."""
    flights, call = Flights(), Call()
    waiting = join(flights, call)
    await eventually(lambda: "get" in flights)
    child = os.fork()
    if not child:
        os._exit(asyncio.run(is_under_way(flights)))
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    assert 0 == os.waitstatus_to_exitcode(status)
    assert "get" in flights
    call.end.set()
    await asyncio.gather(*waiting)
