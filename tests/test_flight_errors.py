"""What a call raises goes to each of its callers."""

from __future__ import annotations

import asyncio
import traceback

import pytest

from flying import CALLERS, Call, join
from mintonce import BudgetExhausted, TokenRejected
from mintonce.flight import Flights


@pytest.mark.asyncio
async def test_each_caller_gets_an_error_of_its_own() -> None:
    """With all that it says, its cause and its traceback, to which the others add nothing."""
    flights, call, cause = Flights(), Call(), OSError("reset")
    call.error = TokenRejected("no", permanent=True, status=401, retry_at=9.0)
    call.error.__cause__ = cause
    callers = join(flights, call)
    call.end.set()
    await asyncio.wait(callers)
    errors = [caller.exception() for caller in callers]
    assert CALLERS + 1 == len({id(error) for error in [call.error, *errors]})
    for error in errors:
        assert type(error) is TokenRejected
        assert ("no", True, 401, 9.0) == (
            str(error),
            error.permanent,
            error.status,
            error.retry_at,
        )
        assert error.__cause__ is cause
    traces = [traceback.extract_tb(error.__traceback__) for error in errors if error]
    assert 1 == len({str(trace) for trace in traces})
    assert "__call__" in {frame.name for frame in traces[0]}


@pytest.mark.asyncio
async def test_an_error_without_a_cause_comes_without_one() -> None:
    """Nor does it drag along the error that it is a copy of."""
    flights, call = Flights(), Call()
    call.error = BudgetExhausted.of("month", limit=3, used=3, resets_at=0.0)
    call.end.set()
    with pytest.raises(BudgetExhausted) as caught:
        await flights.join("get", call)
    assert (3, 3) == (caught.value.limit, caught.value.used)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


class Odd(Exception):
    """An error that cannot be copied: it wants more than its arguments."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


@pytest.mark.asyncio
async def test_an_error_that_cannot_be_copied_is_handed_on_as_it_is() -> None:
    """Better shared than lost."""
    flights, call = Flights(), Call()
    call.error = Odd(1, 2)
    callers = join(flights, call)
    call.end.set()
    await asyncio.wait(callers)
    assert [call.error] * CALLERS == [caller.exception() for caller in callers]
