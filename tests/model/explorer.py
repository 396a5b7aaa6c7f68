"""Goes to every state of a world, breadth first, so that the first violation is a shortest one.

Values are numbered as they turn up, so that a state is a few small numbers. What a process can do
is worked out once for each state of its own and of what is shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from model import rules, trouble
from model.merging import merged
from model.naming import Catalog, nameless, renamed
from model.process import moves
from model.store import arrivals, arrived, overtaken_by, written
from model.values import EXPIRY, Act, Cell, Fault, Move, Process, Shared, World

State = tuple[int, ...]
"""The numbers of what is shared, of the faults that may still happen, and of each process."""


class Way(NamedTuple):
    """A move, in numbers.

    Attributes:
        process: What the process is then.
        shared: What is shared then.
        wrote: The cell that was written.
        fault: What went wrong.
        act: What others can notice.
        broken: The promise that it breaks.
        sends: Whether it is a request.
        takes: Whether a lease is written over that another held.

    """

    process: int
    shared: int
    wrote: Cell | None
    fault: Fault | None
    act: Act
    broken: str | None
    sends: bool
    takes: bool


class Standing(NamedTuple):
    """Whether a process keeps the lease alive, is busy, is at an end, and may ask later."""

    alive: bool
    busy: bool
    over: bool
    waits: bool


class Explorer:
    """Knows the ways from each state of a world to the next ones.

    Args:
        world: The world.
        start: What is in the store at first, and what each process needs.

    """

    def __init__(self, world: World, start: tuple[Shared, tuple[Process, ...]]) -> None:
        self.world = world
        self.processes: Catalog[Process] = Catalog()
        self.shared: Catalog[Shared] = Catalog()
        self.faults: Catalog[tuple[Fault, ...]] = Catalog()
        shared, processes = start
        self.start: State = (
            self.shared.number(shared),
            self.faults.number(world.faults),
            *map(self.processes.number, processes),
        )
        # Remembered for each explorer on its own: the tests plant faults in what it calls.
        for name in ("_ways", "_shape", "_renamed", "_overtaken", "_left", "_ticks", "_standing"):
            setattr(self, name, cache(getattr(self, name)))

    def ways(self, state: State) -> Iterator[tuple[State, str | None, bool, int, Act]]:
        """Return each next state, what was broken, whether by a fault, who moved and how."""
        shared, faults, *processes = state
        standing = [self._standing(number, shared) for number in processes]
        dead = not any(each.alive for each in standing)
        for mover, number in enumerate(processes):
            for way in self._ways(number, shared, dead):
                left = faults if way.fault is None else self._left(faults, way.fault)
                if left < 0:
                    continue
                wrote = way.wrote
                then = [self._overtaken(p, wrote) if wrote else p for p in processes]
                then[mover] = way.process
                broken = way.broken
                if way.sends or way.takes:
                    broken = broken or self._broken_among(way, mover, processes, shared)
                yield (way.shared, left, *then), broken, way.fault is not None, mover, way.act
        if not any(each.busy for each in standing):
            for later in self._ticks(shared, any(each.waits for each in standing)):
                yield (later, faults, *processes), None, False, -1, Act("time passes")
        for arrival in self._arrivals(state):
            yield arrival, None, False, -1, Act("a swap arrives late")

    def canonical(self, state: State) -> State:
        """Return the state that stands for all that differ from this one by names only."""
        processes = state[2:]
        shapes = [self._shape(number) for number in processes]
        order = sorted(range(len(shapes)), key=shapes.__getitem__)
        if order == sorted(order):
            return state
        names = tuple(order.index(old) for old in range(len(order)))
        then = (self._renamed(processes[old], names, of_process=True) for old in order)
        return (self._renamed(state[0], names, of_process=False), state[1], *then)

    def is_over(self, state: State) -> bool:
        """Whether every process came to an end."""
        return all(self._standing(number, state[0]).over for number in state[2:])

    def _ways(self, number: int, shared: int, dead: bool) -> tuple[Way, ...]:  # noqa: FBT001 - remembered by its arguments
        process, common = self.processes.values[number], self.shared.values[shared]
        found = moves(process, common, self.world, dead=dead)
        return tuple(
            dict.fromkeys(
                self._way(before, move, common)
                for before, move in merged(process, found, common, self.world)
                if (move.process, move.shared) != (process, common)
            )
        )

    def _way(self, process: Process, move: Move, shared: Shared) -> Way:
        broken = rules.broken_by(process, move, shared, self.world)
        broken = broken or rules.broken_in(move.shared, self.world)
        act = move.act
        old, new = shared.record.lease, move.shared.record.lease
        return Way(
            self.processes.number(move.process),
            self.shared.number(move.shared),
            written(move),
            move.fault,
            act,
            broken,
            act.kind == "send",
            old is not None and old not in {new, process.lease},
        )

    def _broken_among(self, way: Way, mover: int, processes: list[int], shared: int) -> str | None:
        values = [self.processes.values[number] for number in processes]
        process = values.pop(mover)
        if way.sends:
            return rules.broken_among(process, values)
        lease = self.shared.values[shared].record.lease
        if lease and any(rules.is_sound(other, lease) for other in values):
            return "a lease is taken whose holder is alive"
        return None

    def _arrivals(self, state: State) -> Iterator[State]:
        shared = self.shared.values[state[0]]
        if shared.coming:
            processes = tuple(self.processes.values[number] for number in state[2:])
            now = self.shared.number(arrived(shared))
            for then in arrivals(shared, processes):
                yield now, state[1], *map(self.processes.number, then)

    def _standing(self, number: int, shared: int) -> Standing:
        process, common = self.processes.values[number], self.shared.values[shared]
        lease = common.record.lease
        alive = lease is None or trouble.keeps_alive(process, lease.holder)
        waits = process.at == "refused" or process.unshared is not None
        return Standing(alive, trouble.is_busy(process), trouble.is_over(process, common), waits)

    def _shape(self, number: int) -> int:
        return self.processes.number(nameless(self.processes.values[number]))

    def _renamed(self, number: int, names: tuple[int, ...], *, of_process: bool) -> int:
        if of_process:
            return self.processes.number(renamed(self.processes.values[number], names))
        return self.shared.number(renamed(self.shared.values[number], names))

    def _overtaken(self, number: int, cell: Cell) -> int:
        return self.processes.number(overtaken_by(self.processes.values[number], cell))

    def _left(self, faults: int, fault: Fault) -> int:
        """Take one fault from those that may still happen; -1 if it may not."""
        left = list(self.faults.values[faults])
        if fault not in left or len(self.world.faults) - len(left) >= self.world.most:
            return -1
        left.remove(fault)
        return self.faults.number(tuple(left))

    def _ticks(self, shared: int, waits: bool) -> tuple[int, ...]:  # noqa: FBT001 - as above
        """Return what is shared at each later instant, if it makes a difference to anybody."""
        common = self.shared.values[shared]
        first = common.now + 1 if waits or common.record.cool_down else EXPIRY
        if not self.world.time or (common.record.token is None and not common.sent):
            return ()
        return tuple(
            self.shared.number(common._replace(now=now, allowed=common.allowed + (now == EXPIRY)))
            for now in range(max(first, common.now + 1), EXPIRY + 1)
        )
