"""What a mint leaves in the log: one line for each token, and one for each write that failed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress

import pytest

from managing import Handmade
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
