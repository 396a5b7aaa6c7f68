"""Where a store of somebody's own has failed: a place to look at, and nothing of what was said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from making import make_record
from mintonce import MemoryStore, StoreError
from mintonce.cell import Cell
from mintonce.record import Record

pytestmark = pytest.mark.asyncio

HERE = Path(__file__).name
ADVICE = "read and swap must be async methods; swap takes (key, old, new, *, ttl)"


def cell_of(store: Any) -> Cell[Record]:
    """A cell for a record."""
    return Cell(store, "token-a", Record, writer="w", ttl=lambda _: 60.0)


async def told(store: Any) -> str:
    """What is said of a store that fails, without what it is called."""
    cell = cell_of(store)
    with pytest.raises(StoreError) as caught:
        await cell.swap(await cell.read(), make_record())
    assert "hunter2" not in str(caught.value)
    return str(caught.value).removeprefix(f"{store!r} failed with ")


def line_of(code: CodeType, more: int) -> str:
    """A line of a function, counted from its first one."""
    return f"{HERE}:{code.co_firstlineno + more}"


def fails(_: object) -> bool:
    """Raise something that holds a secret."""
    raise KeyError("hunter2")


class Raises(MemoryStore):
    """A store that fails by itself."""

    async def swap(self, *_: object, **__: object) -> bool:
        """Fail."""
        raise TypeError("hunter2")


class Calls(MemoryStore):
    """A store that fails in what it calls."""

    async def swap(self, *_: object, **__: object) -> bool:
        """Fail far away."""
        return bool(json.loads(b"hunter2"))


class Helped(MemoryStore):
    """A store that fails in a function beside it."""

    async def swap(self, *_: object, **__: object) -> bool:
        """Fail close by."""
        return fails(self)


async def test_the_line_is_told() -> None:
    """Of the file that the store is in, even where another one raised."""
    line = line_of(Raises.swap.__code__, 2)
    assert f"TypeError at {line} in swap" == await told(Raises())
    line = line_of(Calls.swap.__code__, 2)
    assert f"JSONDecodeError at {line} in swap" == await told(Calls())
    line = line_of(fails.__code__, 2)
    assert f"KeyError at {line} in fails" == await told(Helped())


async def test_the_line_of_somebody_else() -> None:
    """Where no line of its own file is involved, the one that raised is told."""

    class Borrowed(MemoryStore):
        read = staticmethod(asyncio.sleep)  # type: ignore[assignment]  # on purpose

    said = await told(Borrowed())
    assert said.startswith("TypeError at tasks.py:")
    assert said.endswith(" in sleep")


async def no_ttl(_: str, __: bytes | None, ___: bytes | None) -> bool:
    """Swap without a lifetime."""
    return True


def plain(*_: object, **__: object) -> None:
    """Do nothing, at once."""


@pytest.mark.parametrize(("name", "method"), [("swap", no_ttl), ("swap", plain), ("read", plain)])
async def test_a_method_that_cannot_be_called(name: str, method: Callable[..., Any]) -> None:
    """It is told how it has to look."""
    store = MemoryStore()
    setattr(store, name, method)
    assert f"TypeError: {ADVICE}" == await told(store)


async def test_no_place_is_better_than_one_of_ours() -> None:
    """A store of this package has no line that its user could mend."""
    store = MemoryStore()
    store._values = ()  # type: ignore[assignment]  # on purpose
    assert "AttributeError" == await told(store)
