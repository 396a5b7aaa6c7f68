"""What keeps the model small leaves nothing out: without it, the same ends are reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import Any

import pytest

from model import explorer
from model.explorer import Explorer, State
from model.naming import renamed
from model.search import _Search
from model.values import Move, Process, Shared, World
from model.worlds import start

WORLDS = {
    "nothing goes wrong": World(),
    **{fault: World(faults=(fault,)) for fault in ("crash", "lost swap", "lost answer")},
    "a store that fails, in no time": World(faults=("failed swap", "crash"), time=False),
}


def one_by_one(
    process: Process, found: Iterable[Move], _: Shared, __: World
) -> Iterator[tuple[Process, Move]]:
    """Leave every move a move of its own."""
    for move in found:
        yield process, move


def ends(world: World) -> tuple[int, set[object]]:
    """How many states were visited, and those in which all is over, whatever the names."""
    seen = Explorer(world, start(world))
    search = _Search(seen)
    assert None is search.run(10**9).broken
    return len(search._states), {anonymous(seen, s) for s in search._states if seen.is_over(s)}


def anonymous(seen: Explorer, state: State) -> frozenset[Any]:
    """A state under all names at once."""
    shared, _, *numbers = state
    processes = [seen.processes.values[number] for number in numbers]
    return frozenset(
        (
            renamed(seen.shared.values[shared], names),
            tuple(sorted((renamed(p, names) for p in processes), key=lambda p: int(p.name))),
        )
        for names in permutations(range(len(processes)))
    )


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_the_reductions_leave_no_end_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither that updates are one step, nor that processes have no names."""
    fewer, found = ends(world)
    monkeypatch.setattr(explorer, "merged", one_by_one)
    monkeypatch.setattr(Explorer, "canonical", lambda _, state: state)
    more, expected = ends(world)
    assert expected == found
    assert more > 2 * fewer
