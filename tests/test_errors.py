"""The errors: one root, and everything in them survives being copied and sent."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from collections.abc import Callable

import pytest

import mintonce
from mintonce import (
    BudgetExhausted,
    MintonceError,
    StoreError,
    StoreUnavailable,
    TokenRejected,
    TokenRequestError,
    UsageError,
    errors,
)

PARENTS = {
    MintonceError: Exception,
    UsageError: MintonceError,
    BudgetExhausted: MintonceError,
    TokenRequestError: MintonceError,
    TokenRejected: TokenRequestError,
    StoreError: MintonceError,
    StoreUnavailable: StoreError,
}
FULL = {
    "permanent": True,
    "may_have_issued": True,
    "status": 401,
    "error": "invalid_client",
    "retry_after": 1.5,
    "retry_at": 1_700_000_000.5,
}
SPENT = BudgetExhausted.of("month", limit=1000, used=1000, resets_at=1_700_000_000.0)


def test_the_tree() -> None:
    """Each class stands where the docstring draws it, and there are no others."""
    classes = dict(inspect.getmembers(errors, inspect.isclass))
    classes.pop("datetime")
    assert {kind.__name__: kind for kind in PARENTS} == classes
    lines = [line for line in str(errors.__doc__).splitlines() if line.strip("│├└─ ")]
    column = {line.strip("│├└─ ").split()[0]: re.search(r"\w", line) for line in lines}
    for kind, parent in PARENTS.items():
        assert (parent,) == kind.__bases__
        here, above = column[kind.__name__], column.get(parent.__name__)
        assert here
        assert not above or here.start() == above.start() + 4


def test_all_of_them_are_public() -> None:
    """Whoever gets one can catch it by its name."""
    assert {kind.__name__ for kind in PARENTS} <= set(mintonce.__all__)


def pickled(error: MintonceError) -> object:
    """The error as another process would get it."""
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("send", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize(
    "error",
    [
        *(kind("what happened") for kind in PARENTS),
        TokenRequestError("no", **FULL),  # type: ignore[arg-type]  # of different types
        TokenRejected("no", **FULL),  # type: ignore[arg-type]  # as above
        SPENT,
    ],
    ids=range(len(PARENTS) + 3),
)
def test_an_error_survives_being_copied_and_sent(
    error: MintonceError, send: Callable[[MintonceError], object]
) -> None:
    """With its message and every attribute."""
    sent = send(error)
    assert type(error) is type(sent)
    assert (str(error), vars(error)) == (str(sent), vars(sent))
    assert error is not sent


def test_a_token_request_error_says_nothing_that_is_not_known() -> None:
    """By default it is passing, and no token can exist."""
    error = TokenRequestError("no answer")
    assert "no answer" == str(error)
    assert {
        "permanent": False,
        "may_have_issued": False,
        "status": None,
        "error": None,
        "retry_after": None,
        "retry_at": None,
    } == vars(error)


def test_a_spent_budget_tells_limit_count_and_time() -> None:
    """In words and as numbers."""
    assert (1000, 1000, 1_700_000_000.0) == (SPENT.limit, SPENT.used, SPENT.resets_at)
    assert (
        "the budget of 1000 token requests per month is spent (1000 used);"
        " the next one is allowed at 2023-11-14T22:13:20Z"
    ) == str(SPENT)


def test_a_spent_budget_tells_what_is_kept_for_others() -> None:
    """Otherwise nobody would understand why nine of ten are all."""
    error = BudgetExhausted.of("day", limit=10, used=9, resets_at=0.0, spare=1)
    assert "(9 used, 1 kept for those who have no token)" in str(error)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (1_700_000_000.9, "2023-11-14T22:13:20Z"),
        (253_402_300_799.0, "9999-12-31T23:59:59Z"),
        (1e18, "9999-12-31T23:59:59Z"),
    ],
)
def test_times_are_told_in_utc(seconds: float, told: str) -> None:
    """To the end of the calendar: a server may name any time."""
    assert told == errors.utc(seconds)
