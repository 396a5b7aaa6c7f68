"""What the package shows: as it is printed in the README, and no more than it needs."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import mintonce
from asking import CLIENT_ID, SECRET, call
from managing import Handmade, server_of
from mintonce import (
    Budget,
    BudgetExhausted,
    ClientCredentials,
    FileStore,
    MemoryStore,
    Token,
    TokenManager,
    TokenStore,
    open_store,
)
from mintonce.ledger import Ledger, Mint
from mintonce.record import CoolDown, Lease, Record
from mintonce.status import BudgetStatus, Status, TokenStatus


def read_secret() -> str:
    """Where a program keeps its secret."""
    return SECRET


@pytest.mark.asyncio
async def test_the_dozen_lines(tmp_path: Path) -> None:
    """The program of the README, against a real server and its API."""
    async with server_of(audiences=["https://api.example.com"]) as server:
        credentials = ClientCredentials(
            token_url=server.token_url,
            client_id=CLIENT_ID,
            client_secret=read_secret,
            audience="https://api.example.com",
        )
        async with TokenManager(
            credentials,
            store=FileStore(tmp_path / "tokens"),
            budget=Budget(1000, per="month"),
        ) as tokens:
            token = await tokens.get()
            answer = await call(server, token.access_token)
        assert 200 == answer.status
        assert 3600 == token.lifetime
        assert 1 == server.requests


@pytest.mark.asyncio
async def test_the_other_calls() -> None:
    """Everything that a manager can do, once."""
    tokens = TokenManager(Handmade(), store="memory:", budget=[Budget(9, per="hour")])
    first = await tokens.get(min_validity=60)
    await tokens.invalidate(first)
    second = await tokens.get()
    await tokens.invalidate(first.access_token)
    assert second == await tokens.get()
    assert 2 == tokens.stats.minted
    assert ["cold", "rejected"] == [mint.reason for mint in (await tokens.status()).mints]
    await tokens.aclose()
    await tokens.aclose()


def test_a_manager_is_made_without_a_loop() -> None:
    """And is used by one loop after another."""
    tokens = TokenManager(Handmade())
    assert asyncio.run(tokens.get()) == asyncio.run(tokens.get())
    asyncio.run(tokens.aclose())


def test_a_manager_takes_at_most_seven_options() -> None:
    """All by keyword, each with a default; the source is the one thing that has none."""
    source, *options = inspect.signature(TokenManager).parameters.values()
    assert ("source", inspect.Parameter.empty) == (source.name, source.default)
    names = "store budget refresh_ahead mint_timeout without_store on_event clock"
    assert names.split() == [option.name for option in options]
    assert {inspect.Parameter.KEYWORD_ONLY} == {option.kind for option in options}
    assert [None, None, 60.0, 10.0, "auto", (), None] == [option.default for option in options]


def test_what_a_manager_can_do() -> None:
    """Five calls, and what `async with` needs."""
    shown = {name for name in vars(TokenManager) if not name.startswith("_")}
    assert {"get", "invalidate", "stats", "status", "aclose"} == shown
    (get,) = list(inspect.signature(TokenManager.get).parameters.values())[1:]
    assert ("min_validity", 0.0, get.POSITIONAL_OR_KEYWORD) == (get.name, get.default, get.kind)


def test_the_options_of_a_budget_are_named() -> None:
    """``Budget(1000, per="month")`` reads like a sentence; nothing else is understood."""
    assert Budget(5, per="day") == Budget(limit=5, per="day")
    with pytest.raises(TypeError):
        Budget(5, "day")  # type: ignore[call-arg]  # what is wrong with it is the point
    with pytest.raises(TypeError):
        Budget(5)  # type: ignore[call-arg]  # as above


def test_a_store_is_two_methods() -> None:
    """Whoever has them is a store; those of the package have little more."""
    methods = {name for name in vars(TokenStore) if not name.startswith("_")}
    assert {"read", "swap"} == methods
    stores: list[TokenStore] = [MemoryStore(), FileStore("tokens"), open_store("memory:")]
    assert all(inspect.iscoroutinefunction(store.read) for store in stores)


VALUES: list[Any] = [
    Token("a", 2.0, 1.0),
    Budget(1, per=timedelta(hours=1)),
    Record(),
    Lease("a", "b", "cold"),
    CoolDown("lost", "no", 2.0, 1.0),
    Ledger(),
    Mint("a", "b", 1.0, "cold", "c"),
    Status(None, None, None, (), ()),
    BudgetStatus(1, "day", 0, 1, 2.0, None),
    TokenStatus("a", 1.0, 2.0, 0.0, 1.0, None, None, None, rejected=False),
]


@pytest.mark.parametrize("value", VALUES, ids=[type(value).__name__ for value in VALUES])
def test_values_are_frozen(value: Any) -> None:
    """A change is a copy: no attribute can be set, none added, and equal ones are alike."""
    for field in dataclasses.fields(value):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field.name, None)
    with pytest.raises((AttributeError, TypeError)):
        value.something_else = 1
    assert value == dataclasses.replace(value)
    assert hash(value) == hash(dataclasses.replace(value))


def test_every_annotation_of_the_facade_can_be_read() -> None:
    """By tools that build on them, at run time; those of an optional library apart."""
    for name in mintonce.__all__:
        thing = getattr(mintonce, name)
        if thing is not ClientCredentials:
            assert get_type_hints(thing) is not None
    assert {"token_url", "client_id"} <= inspect.get_annotations(ClientCredentials).keys()


@pytest.mark.asyncio
async def test_an_error_of_the_package_is_caught_by_its_root() -> None:
    """One ``except`` for whatever a manager raises."""
    async with TokenManager(Handmade(), budget=Budget(1, per="day")) as tokens:
        await tokens.invalidate(await tokens.get())
        with pytest.raises(mintonce.MintonceError) as caught:
            await tokens.get()
    assert isinstance(caught.value, BudgetExhausted)
