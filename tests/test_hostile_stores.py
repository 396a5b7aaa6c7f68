"""Whatever bytes a store holds: a documented outcome, in time, and nothing given away."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

import forwarding
from forwarding import LoopClock, passes
from hostile_values import DEEP, LEDGER, NOW, RECORD, stored, values
from listening import Ear, listening
from managing import Handmade
from marks import TOKEN, marks_in
from mintonce import (
    Budget,
    FileStore,
    MemoryStore,
    MintonceError,
    TokenManager,
    TokenRequestError,
    UsageError,
)
from mintonce.cell import STORE_TIMEOUT
from mintonce.cli.status import _object
from mintonce.driver import PATIENCE
from mintonce.renewal import LEASE
from mintonce.stores import TokenStore

RECORD_KEY, LEDGER_KEY = "token-handmade", "ledger-token-handmade"
LIMIT = 5
MINT_TIMEOUT = 6.0
MANY, FEW = 1000, 9
"""Refusals that a server has ready, and requests that callers wait for at most."""
A_YEAR = 366 * 86_400.0
FILED = 10  # of so many examples one is a file, which takes so much longer

EXAMPLES = max(200, settings.default.max_examples)  # type: ignore[union-attr]  # there is one

Values = dict[str, bytes]

NO_PAUSES = {**RECORD, "token": None, "lease": None, "cool_down": None, "failures": -(2**62)}
"""So many failures to come that would not be followed by a pause."""
NO_TIME = {**LEDGER, "mints": [{**LEDGER["mints"][0], "at": NOW + 10, "lifetime": 5e-324}]}
"""A token in use that lives so short that no number says how many are needed."""


async def outcome(tokens: TokenManager, ear: Ear) -> object:
    """Get a token, or an error with a name, before callers lose patience; look at all there is."""
    started = asyncio.get_running_loop().time()
    try:
        found: object = await tokens.get()
    except UsageError:
        raise
    except MintonceError as error:
        found = error
    took = asyncio.get_running_loop().time() - started
    assert took < MINT_TIMEOUT + PATIENCE + LEASE + STORE_TIMEOUT
    ear.note(found)
    try:
        status = await tokens.status()
    except MintonceError as error:
        ear.note(error)
    else:
        ear.note(status, json.dumps(_object({"token": status.token, "mints": status.mints})))
        ear.note(json.dumps(_object({"budgets": status.budgets, "cool_down": status.cool_down})))
    return found


async def ordeal(store: TokenStore, budget: Budget | None, ear: Ear, *, refused: bool) -> None:
    """Use a store that holds anything; then clear it, as `mintonce forget` does, and use it."""
    source = Handmade()
    source.answers += [TokenRequestError("no")] * MANY * refused
    tokens = TokenManager(
        source, store=store, budget=budget, mint_timeout=MINT_TIMEOUT, clock=LoopClock(NOW)
    )
    found = await outcome(tokens, ear)
    event(type(found).__name__)
    assert source.requests <= (FEW if refused else 1)
    source.answers.clear()
    driver = tokens._supply._driver
    await driver.cell.delete()
    await driver.books.cell.delete()
    await passes(A_YEAR)
    for _ in range(LIMIT):
        token = await tokens.get()
        assert token.access_token.startswith("handmade-")
        await passes(token.lifetime + 1)
    await tokens.aclose()


def check(make: Callable[[], TokenStore], budget: Budget | None, *, refused: bool) -> None:
    """Run the ordeal, and listen."""
    with listening() as ear:
        forwarding.run(lambda: ordeal(make(), budget, ear, refused=refused))
    assert [] == marks_in("\n".join(ear.said))


BUDGETS = st.sampled_from([None, Budget(LIMIT, per="day")])


@settings(max_examples=EXAMPLES)
@given(record=values(RECORD), ledger=values(LEDGER), budget=BUDGETS, refused=st.booleans())
@example(record=stored(NO_PAUSES), ledger=None, budget=None, refused=True)
@example(record=None, ledger=stored(NO_TIME), budget=None, refused=False)
@example(record=stored(RECORD | {"version": DEEP}), ledger=None, budget=None, refused=False)
@example(record=None, ledger=TOKEN.encode(), budget=None, refused=False)
def test_whatever_a_store_holds(
    record: bytes | None, ledger: bytes | None, budget: Budget | None, *, refused: bool
) -> None:
    """A token or a documented error; and a manager that is as good as before."""
    there = {RECORD_KEY: record, LEDGER_KEY: ledger}
    held: Values = {key: value for key, value in there.items() if value is not None}
    check(lambda: MemoryStore(held), budget, refused=refused)


@settings(max_examples=EXAMPLES // FILED)
@given(record=values(RECORD), ledger=values(LEDGER), budget=BUDGETS, refused=st.booleans())
def test_whatever_a_file_holds(
    tmp_path_factory: pytest.TempPathFactory,
    record: bytes | None,
    ledger: bytes | None,
    budget: Budget | None,
    *,
    refused: bool,
) -> None:
    """The same, where it lies in files."""
    directory: Path = tmp_path_factory.mktemp("hostile")
    directory.chmod(0o700)
    for key, value in {RECORD_KEY: record, LEDGER_KEY: ledger}.items():
        if value is not None:
            (directory / key).write_bytes(value)
            (directory / key).chmod(0o600)
    check(lambda: FileStore(directory), budget, refused=refused)
    shutil.rmtree(directory)
