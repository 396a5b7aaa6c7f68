"""A late 401 about some old token, while the new one is not stored yet."""

from __future__ import annotations

import pytest

from managing import Handmade
from mintonce import TokenManager
from troubled import Troubled, fails


@pytest.mark.asyncio
async def test_a_late_rejection_is_no_reason_to_forget_a_new_token() -> None:
    """It is about another one: the new one is stored when there is a chance."""
    source, store = Handmade(), Troubled()
    store.swaps = [None, None, fails]  # the claim, the reservation, the landing
    async with TokenManager(source, store=store) as tokens:
        token = await tokens.get()
        await tokens.invalidate("of yesterday")
    async with TokenManager(source, store=store) as tokens:
        assert token == await tokens.get()
