"""A new token that is of no use to those who asked for it."""

from __future__ import annotations

import asyncio

import pytest

from managing import Handmade, eventually
from mintonce import TokenManager, TokenRequestError
from mintonce.testing import ManualClock


@pytest.mark.asyncio
async def test_an_answer_that_took_too_long() -> None:
    """What is left of the token is less than they need; another one would be no better."""
    source, clock = Handmade(lifetime=60), ManualClock()
    source.open.clear()
    async with TokenManager(source, clock=clock) as tokens:
        caller = asyncio.create_task(tokens.get(min_validity=50))
        await eventually(lambda: source.requests)
        clock.advance(11)
        source.open.set()
        with pytest.raises(TokenRequestError) as told:
            await caller
        message = "the authorization server's new token cannot be used: it lives 60 s"
        assert (message, True) == (str(told.value), told.value.may_have_issued)
        assert 49 == (await tokens.get()).remaining(clock.wall())
    assert 1 == source.requests
