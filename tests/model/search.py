"""The search through a world, and what it finds."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from model.explorer import Explorer, State
from model.values import World
from model.worlds import start

STUCK = "a process can come to no end any more, whatever happens"


class Report(NamedTuple):
    """What was found.

    Attributes:
        states: How many states were visited.
        transitions: How many ways lead from them to others, or back to them.
        broken: What does not hold; None if all does.
        path: The states that lead there.
        explorer: Knows what the states mean.

    """

    states: int
    transitions: int
    broken: str | None
    path: Sequence[State]
    explorer: Explorer


def search(world: World, *, limit: int = 10**9) -> Report:
    """Visit every state of a world, or at most so many."""
    explorer = Explorer(world, start(world))
    with _without_collecting():
        return _Search(explorer).run(limit)


class _Search:
    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer
        first = explorer.canonical(explorer.start)
        self._index = {first: 0}
        self._states = [first]
        self._from = [-1]
        self._next: list[tuple[int, ...]] = []
        self._transitions = 0

    def run(self, limit: int) -> Report:
        for number, state in enumerate(self._states):  # grows while it is walked through
            broken = self._visit(number, state)
            if broken or number >= limit:
                return self._report(broken, len(self._states) - 1 if broken else 0)
        stuck = self._stuck()
        return self._report(None if stuck is None else STUCK, stuck or 0)

    def _visit(self, number: int, state: State) -> str | None:
        explorer, index = self._explorer, self._index
        following = set[int]()
        for raw, broken, by_fault, _, _ in explorer.ways(state):
            self._transitions += 1
            then = explorer.canonical(raw)
            found = index.setdefault(then, len(index))
            if found == len(self._states) or broken:
                self._states.append(then)
                self._from.append(number)
            if broken:
                return broken
            if not by_fault:
                following.add(found)
        self._next.append(tuple(following))
        return None

    def _stuck(self) -> int | None:
        """Find the first state from which not every process can come to an end.

        Time passes, and whoever can move does in the end; but nothing has to go wrong.
        """
        explorer, states = self._explorer, self._states
        can_end = bytearray(explorer.is_over(state) for state in states)
        left = [number for number in range(len(states) - 1, -1, -1) if not can_end[number]]
        while left:
            still = []
            for number in left:
                if any(can_end[then] for then in self._next[number]):
                    can_end[number] = True
                else:
                    still.append(number)
            if len(still) == len(left):
                return still[-1]
            left = still
        return None

    def _report(self, broken: str | None, last: int) -> Report:
        path = []
        while broken and last >= 0:
            path.append(self._states[last])
            last = self._from[last]
        return Report(len(self._index), self._transitions, broken, path[::-1], self._explorer)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Leave garbage be: nothing here is garbage, and looking for it takes most of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
