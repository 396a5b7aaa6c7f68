"""Calls under way: callers come and leave, the call stays."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, copy_context

import pytest

from flying import CALLERS, Call, join, steps
from managing import eventually
from mintonce import UsageError
from mintonce.flight import Flights

request_id: ContextVar[str] = ContextVar("request_id", default="nobody's")


@pytest.mark.asyncio
async def test_all_callers_share_one_call() -> None:
    """Those who come first and those who come later."""
    flights, call = Flights(), Call()
    first = join(flights, call)
    await eventually(lambda: call.made)
    later = join(flights, call)
    await steps(2)
    call.end.set()
    assert ["result 1"] * 2 * CALLERS == await asyncio.gather(*first, *later)
    assert 1 == call.made


@pytest.mark.asyncio
async def test_who_comes_after_the_end_gets_a_new_call() -> None:
    """Nothing is remembered."""
    flights, call = Flights(), Call()
    call.end.set()
    assert ["result 1", "result 2"] == [await flights.join("get", call) for _ in range(2)]
    assert "get" not in flights


@pytest.mark.asyncio
async def test_a_call_can_be_found_among_the_tasks() -> None:
    """Whoever looks at what a program is at sees it by its name."""
    flights, call = Flights(), Call()
    waiting = join(flights, call)
    await eventually(lambda: call.made)
    assert "mintonce get" in {task.get_name() for task in asyncio.all_tasks()}
    call.end.set()
    await asyncio.gather(*waiting)


@pytest.mark.asyncio
async def test_calls_of_different_names_do_not_share() -> None:
    """One each."""
    flights, calls = Flights(), {name: Call() for name in "ab"}
    waiting = [caller for name, call in calls.items() for caller in join(flights, call, name)]
    await eventually(lambda: all(call.made for call in calls.values()))
    assert ["a" in flights, "b" in flights, "c" in flights] == [True, True, False]
    for call in calls.values():
        call.end.set()
    await asyncio.gather(*waiting)
    assert [1, 1] == [call.made for call in calls.values()]


@pytest.mark.asyncio
@pytest.mark.parametrize("step", range(6))
@pytest.mark.parametrize("leaving", [1, CALLERS], ids=["the first", "all"])
async def test_callers_who_are_cancelled_leave_the_call_alone(step: int, leaving: int) -> None:
    """At any step, also those who started it, also all of them: it goes on to its end."""
    flights, call = Flights(), Call()
    callers = join(flights, call)
    await steps(step)
    for caller in callers[:leaving]:
        caller.cancel()
    await eventually(lambda: all(caller.done() for caller in callers[:leaving]))
    assert all(caller.cancelled() for caller in callers[:leaving])
    # If none had come so far as to start it, one does now.
    late = asyncio.create_task(flights.join("get", call))
    await eventually(lambda: call.made)
    call.end.set()
    assert {"result 1"} == set(await asyncio.gather(late, *callers[leaving:]))
    assert (1, 1) == (call.made, call.ended)


@pytest.mark.asyncio
@pytest.mark.parametrize("step", range(6))
async def test_a_caller_who_is_cancelled_while_the_call_ends(step: int) -> None:
    """The others get what they waited for."""
    flights, call = Flights(), Call()
    callers = join(flights, call)
    await eventually(lambda: call.made)
    call.end.set()
    await steps(step)
    callers[0].cancel()
    async with asyncio.timeout(5):
        assert {"result 1"} == set(await asyncio.gather(*callers[1:]))


@pytest.mark.asyncio
async def test_a_caller_whose_time_is_up_leaves_the_call_alone() -> None:
    """Each waits under its own time limit."""
    flights, call = Flights(), Call()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await flights.join("get", call)
    waiting = join(flights, call)
    await eventually(lambda: call.made)
    call.end.set()
    await asyncio.gather(*waiting)
    assert 1 == call.made


@pytest.mark.asyncio
async def test_a_call_belongs_to_no_caller() -> None:
    """It sees nothing of the request or the trace in which it happened to be started."""
    flights = Flights()

    async def call() -> str:
        return request_id.get()

    request_id.set("mine")
    assert "nobody's" == await copy_context().run(asyncio.create_task, flights.join("get", call))


@pytest.mark.asyncio
async def test_a_call_in_the_background() -> None:
    """Nobody waits for it; it is started once, and callers may join it."""
    flights, call = Flights(), Call()
    for _ in range(3):
        flights.start("early", call)
    waiting = join(flights, call, "early")
    await eventually(lambda: call.made)
    call.end.set()
    assert {"result 1"} == set(await asyncio.gather(*waiting))


@pytest.mark.asyncio
async def test_to_drain_is_to_wait_for_all() -> None:
    """For those that are under way, those that they start, and those that fail."""
    flights, first, second = Flights(), Call(), Call()
    second.error = UsageError("fails")
    second.end.set()

    async def first_starts_second() -> None:
        await first()
        flights.start("second", second)

    flights.start("first", first_starts_second)
    draining = asyncio.create_task(flights.drain())
    await eventually(lambda: first.made)
    await steps(5)
    assert not draining.done()
    first.end.set()
    await draining
    assert (1, 1) == (first.ended, second.ended)
    assert "second" not in flights


@pytest.mark.asyncio
async def test_with_nothing_under_way_there_is_nothing_to_drain() -> None:
    """And nothing to cancel."""
    flights = Flights()
    flights.cancel("save")
    await flights.drain()


@pytest.mark.asyncio
async def test_a_call_can_be_stopped() -> None:
    """By those who own it."""
    flights, call = Flights(), Call()
    waiting = join(flights, call, "save", callers=1)
    await eventually(lambda: call.made)
    flights.cancel("save")
    await flights.drain()
    await asyncio.wait(waiting)
    assert waiting[0].cancelled()
    assert 1 == call.ended


@pytest.mark.asyncio
async def test_who_waits_for_the_end_of_all_does_not_wait_for_longer() -> None:
    """A few turns of the loop after the last has ended."""
    flights, call = Flights(), Call()
    flights.start("get", call)
    draining = asyncio.create_task(flights.drain())
    await eventually(lambda: call.made)
    assert not draining.done()
    call.end.set()
    await steps(10)
    assert draining.done()
    assert "get" not in flights
