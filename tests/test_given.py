"""What a manager is given: what cannot be right is told at once, and what to write instead."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from managing import Handmade, eventually
from mintonce import Budget, MemoryStore, StoreError, TokenManager, UsageError
from mintonce.codec import dump
from mintonce.ledger import Ledger, Limit

MONTHLY = Budget(5, per="month")


class Keyless:
    """A source that does not say how its token is called."""

    async def mint(self) -> dict[str, Any]:
        """Answer, which is not enough."""
        return {}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"budget": 1000}, "budget must be a Budget or a list of them, not 1000"),
        ({"budget": "1000/month"}, "budget must be a Budget or a list of them"),
        ({"budget": [MONTHLY, 5]}, "budget must be a Budget or a list of them"),
        ({"store": MemoryStore}, "store must be a store .* not type"),
        ({"store": {}}, "store must be a store .* not dict"),
        ({"source": Keyless()}, "must have a key"),
        ({"source": Handmade}, "must have a key"),
        ({"source": "https://auth.example.com"}, "must have a key"),
        ({"refresh_ahead": -1}, "refresh_ahead must be a number of seconds, 0 or more, not -1"),
        ({"refresh_ahead": float("inf")}, "refresh_ahead must be a number of seconds"),
        ({"refresh_ahead": True}, "refresh_ahead must be a number of seconds"),
        ({"mint_timeout": 0}, "mint_timeout must be a number of seconds"),
        ({"mint_timeout": "10"}, "mint_timeout must be a number of seconds"),
    ],
)
def test_what_cannot_be_right(options: dict[str, Any], told: str) -> None:
    """Before anything is asked or stored."""
    with pytest.raises(UsageError, match=told):
        TokenManager(**{"source": Handmade(), **options})


@pytest.mark.asyncio
@pytest.mark.parametrize("token", [None, 5, b"token", ["token"]])
async def test_only_a_token_can_be_rejected(token: Any) -> None:
    """Or its text, as it stood in the header."""
    async with TokenManager(Handmade()) as tokens:
        with pytest.raises(UsageError, match="invalidate takes a Token or a str"):
            await tokens.invalidate(token)


@pytest.mark.asyncio
async def test_a_token_that_is_rejected_while_it_is_on_its_way() -> None:
    """It is not handed out, and the next one is."""
    source = Handmade()
    source.open.clear()
    async with TokenManager(source) as tokens:
        waiting = asyncio.create_task(tokens.get())
        await eventually(lambda: source.requests)
        await tokens.invalidate("handmade-1")
        source.open.set()
        assert "handmade-2" == (await waiting).access_token
        assert 2 == source.requests


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "nonsense",
    [
        {"latest": 1e18},
        {"counts": [[2**62, 1]]},
        {"told": [[1_700_000_000, -50]]},
        {"limits": [{"requests": 0, "period": "month", "seconds": None}]},
        {"limits": [{"requests": 5, "period": None, "seconds": None}]},
        {"limits": [{"requests": 5, "period": "day", "seconds": 60.0}]},
        {"limits": [{"requests": 5, "period": None, "seconds": 1e15}]},
    ],
    ids=repr,
)
async def test_a_ledger_that_makes_no_sense(nonsense: dict[str, Any]) -> None:
    """It is told which one it is, and nothing is counted on top of it."""
    source = Handmade()
    whole = Ledger(limits=(Limit.of(MONTHLY),))
    stored = json.dumps(json.loads(dump(whole, writer="w")) | nonsense).encode()
    store = MemoryStore({f"ledger-{source.key}": stored})
    async with TokenManager(source, store=store, budget=MONTHLY) as tokens:
        for call in (tokens.get, tokens.status):
            with pytest.raises(StoreError, match=r"'ledger-token-handmade'.*cannot be read"):
                await call()
    assert 0 == source.requests
    assert stored == await store.read(f"ledger-{source.key}")
