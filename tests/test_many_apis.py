"""One client and many APIs: managers that share a store, a ledger and an end."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from pathlib import Path
from typing import Any

import pytest

from asking import SECRET, call
from managing import Handmade, Tenants, credentials, manager, prints, server_of, together
from mintonce import (
    Budget,
    BudgetExhausted,
    ClientCredentials,
    FileStore,
    MemoryStore,
    StoreUnavailable,
    TokenManager,
    UsageError,
)
from mintonce.testing import AuthorizationServer, ManualClock

A, B, C = (f"https://{name}.example" for name in "abc")

CLIENT = ClientCredentials(
    token_url="https://auth.example/token", client_id="orders", client_secret=SECRET, audience=A
)


def names_in(server: AuthorizationServer) -> list[tuple[str | None, str | None]]:
    """Audience and scope of each token request."""
    return [(entry.form.get("audience"), entry.form.get("scope")) for entry in server.log]


def test_the_same_parameters_bring_the_same_manager() -> None:
    """Also from another of the family, and however they are written."""
    tokens = TokenManager(CLIENT)
    other = tokens.for_(audience=B)
    assert other is not tokens
    assert other is tokens.for_(audience=B)
    assert other is tokens.for_(audience=C).for_(audience=B)
    assert tokens is tokens.for_() is other.for_(audience=A)
    reading = tokens.for_(audience=B, scope="read write")
    assert reading is not other
    assert reading is tokens.for_(scope=["write", "read"], audience=B)


@pytest.mark.asyncio
async def test_what_is_not_named_stays_as_it_is() -> None:
    """And None leaves it out."""
    async with server_of() as server:
        async with TokenManager(credentials(server, audience=A, scope="read")) as tokens:
            await tokens.for_(audience=B).get()
            await tokens.for_(scope="write").for_(audience=C).get()
            await tokens.for_(scope=None).get()
            await tokens.get()
        assert [(B, "read"), (C, "write"), (A, None), (A, "read")] == names_in(server)


def test_a_client_for_other_parameters_is_the_same_client() -> None:
    """It counts in the same ledger, and keeps its secret where nobody sees it."""
    other = CLIENT.for_(audience=B, extra={"organization": "acme"}, resource=C)
    assert CLIENT.ledger_key == other.ledger_key
    assert CLIENT.key != other.key
    assert (B, (C,), {"organization": "acme"}) == (other.audience, other.resource, other.extra)
    assert SECRET not in repr(other)


@pytest.mark.asyncio
async def test_a_secret_that_a_function_provides() -> None:
    """The function is asked for each of the APIs."""
    asked: list[str] = []

    def secret() -> str:
        asked.append(SECRET)
        return SECRET

    async with server_of() as server:
        tokens = TokenManager(credentials(server, client_secret=secret))
        await tokens.for_(audience=B).get()
        await tokens.for_(audience=C).get()
    assert 2 == len(asked)


@pytest.mark.parametrize(
    "parameters", [{"client_id": "x"}, {"audiense": B}, {"audience": "a\nb"}, {"scope": 5}]
)
def test_parameters_that_make_no_sense(parameters: dict[str, Any]) -> None:
    """The error says what does, and gives no secret away, not even in the variables of frames."""
    with pytest.raises(UsageError, match=r"audience|scope") as caught:
        TokenManager(CLIENT).for_(**parameters)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert SECRET not in "".join(told.format())


def test_no_value_is_repeated() -> None:
    """Whoever wants another secret is told that it would be another client."""
    with pytest.raises(UsageError, match="not client_secret: for another client") as caught:
        TokenManager(CLIENT).for_(client_secret="an0ther-secret")
    assert "an0ther" not in f"{caught.value!r} {caught.value}"


def test_nothing_prints_the_secret() -> None:
    """Neither a manager nor its source, its family or its options."""
    tokens = TokenManager(CLIENT)
    other = tokens.for_(audience=B)
    printed = [other, other.stats, vars(other), vars(tokens), vars(other._supply)]
    assert SECRET not in "".join(f"{each!r} {each}" for each in printed)


def test_a_source_that_has_no_others() -> None:
    """The error says what to do instead."""
    with pytest.raises(UsageError, match="one store object"):
        TokenManager(Handmade()).for_(audience=B)


def test_all_options_are_shared() -> None:
    """Whatever can be given to a manager is given to those that come from it."""

    class Recorded(TokenManager):
        def __init__(self, source: Any, **options: Any) -> None:
            self.options = options
            super().__init__(source, **options)

    options = {
        "store": MemoryStore(),
        "budget": [Budget(7, per="day")],
        "refresh_ahead": 11.0,
        "mint_timeout": 12.0,
        "without_store": "mint",
        "on_event": [print],
        "clock": ManualClock(),
    }
    assert {"source", *options} == inspect.signature(TokenManager).parameters.keys()
    assert options == Recorded(CLIENT, **options).for_(audience=B).options


@pytest.mark.asyncio
async def test_one_budget_for_all() -> None:
    """Each request counts, whichever API it is for; and each manager sees all of them."""
    budget = Budget(3, per="day")
    async with server_of() as server, manager(server, budget=budget) as tokens:
        for audience in (A, B, C):
            await tokens.for_(audience=audience).get()
        with pytest.raises(BudgetExhausted):
            await tokens.get()
        assert 3 == server.requests
        assert 3 == (await tokens.for_(audience=A).status()).budgets[0].used


@pytest.mark.asyncio
async def test_one_budget_for_all_also_while_the_store_is_away() -> None:
    """Who chose to mint without it does not get a budget for each API."""

    class Away(MemoryStore):
        async def read(self, key: str) -> bytes | None:
            raise StoreUnavailable(key)

    tenants = Tenants()
    async with TokenManager(
        tenants, store=Away(), budget=Budget(2, per="day"), without_store="mint"
    ) as tokens:
        for number in range(2):
            await tokens.for_(tenant=number).get()
        with pytest.raises(BudgetExhausted):
            await tokens.for_(tenant="third").get()


@pytest.mark.asyncio
async def test_one_mint_for_each_api_in_a_fleet(tmp_path: Path) -> None:
    """However many managers and tasks want them at once."""
    async with server_of(latency=0.1) as server:
        fleet = [manager(server, store=FileStore(tmp_path / "tokens")) for _ in range(4)]
        tokens = await asyncio.gather(
            *(
                together(5, each.for_(audience=audience).get)
                for each in fleet
                for audience in (A, B, C)
            )
        )
        assert 3 == server.requests
        assert 3 == len(prints([token for some in tokens for token in some]))
        for each in fleet:
            await each.aclose()


@pytest.mark.asyncio
async def test_a_rejection_touches_no_other_api() -> None:
    """Only the token that was refused is minted anew, and only those who use it know."""
    async with server_of() as server, manager(server) as tokens:
        first, second = tokens.for_(audience=A), tokens.for_(audience=B)
        refused, kept = await first.get(), await second.get()
        server.revoke(refused.access_token)
        await first.invalidate(refused)
        assert kept == await second.get()
        assert 200 == (await call(server, (await first.get()).access_token)).status
        assert 3 == server.requests
        assert (1, 0) == (first.stats.rejected, second.stats.rejected)
