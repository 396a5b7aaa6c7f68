"""What a mint leaves in the log: one line for each token, and one for each write that failed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress

import pytest

from managing import Handmade, Preparing
from mintonce import Budget, StoreError, TokenManager, TokenRequestError
from mintonce.testing import ManualClock
from troubled import Trouble, Troubled, fails

pytestmark = pytest.mark.asyncio

REFUSED = TokenRequestError("no")


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """The lines of the log, each with its level."""
    return [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "mintonce"]


async def test_a_token_is_minted(caplog: pytest.LogCaptureFixture) -> None:
    """Its fingerprint, why, and for how long it is good."""
    caplog.set_level(logging.INFO)
    async with TokenManager(Handmade(lifetime=60.4), clock=ManualClock()) as tokens:
        token = await tokens.get()
    line = f"minted the token {token.fingerprint} (cold), good for 60 s"
    assert [("INFO", line)] == told(caplog)


@pytest.mark.parametrize(
    ("troubles", "answer", "line"),
    [
        ([None, None, fails], {}, "a new token could not be stored: refused"),
        ([None, None, None, fails], REFUSED, "a cool-down could not be shared: refused"),
        ([None, fails, fails], {}, "the lease could not be given back: refused"),
    ],
    ids=["landing", "cool-down", "lease"],
)
async def test_a_write_that_failed(
    troubles: Sequence[Trouble | None],
    answer: dict[str, str] | TokenRequestError,
    line: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is told which one, and what the store said."""
    source, store = Handmade(), Troubled()
    source.answers, store.swaps = [answer], [*troubles]
    budget = Budget(9, per="month")
    async with TokenManager(source, store=store, budget=budget, clock=ManualClock()) as tokens:
        with suppress(StoreError, TokenRequestError):
            await tokens.get()
        assert [("WARNING", line)] == told(caplog)


async def test_not_ready_and_the_lease_stays(caplog: pytest.LogCaptureFixture) -> None:
    """The others wait until it is dead, and whoever wonders finds out why."""
    source, store = Preparing(), Troubled()
    source.failures, source.error = 1, TokenRequestError("no vault", permanent=True)
    store.swaps = [None, fails]  # the lease, and giving it back
    async with TokenManager(source, store=store, clock=ManualClock()) as tokens:
        with pytest.raises(TokenRequestError, match="no vault"):
            await tokens.get()
    assert [("WARNING", "the lease could not be given back: refused")] == told(caplog)


async def test_a_budget_that_will_not_last(caplog: pytest.LogCaptureFixture) -> None:
    """It is told with the first token, whose life says how many are needed."""
    budget = Budget(9, per="month")
    source, clock = Handmade(lifetime=3600.0), ManualClock()
    async with TokenManager(source, budget=budget, clock=clock) as tokens:
        await tokens.get()
        (forecast,) = [line.forecast for line in (await tokens.status()).budgets]
    assert forecast
    line = f"token requests per month will not last: {forecast.needed} needed, 8 left"
    assert [("WARNING", f"the budget of 9 {line}")] == told(caplog)
    assert forecast.needed > 8
