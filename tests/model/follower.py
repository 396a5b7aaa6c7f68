"""Follows what real managers do, and tells whether the model could have done the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mintonce.ledger import Ledger
from mintonce.record import Record
from model.process import moves
from model.store import overtaken_by, written
from model.trouble import keeps_alive
from model.values import EXPIRY, Act, Move, Process, Shared, World
from model.worlds import start

Owner = Callable[[str], int]
"""Tells to which process a lease or a mint belongs, by its name."""

Whole = tuple[Shared, tuple[Process, ...]]


def gist(value: Any, owner: Owner) -> object:
    """Return what matters of a record or a ledger, without names, times and jitter."""
    if isinstance(value, Record):
        token, lease, pause = value.token, value.lease, value.cool_down
        return (
            token and token.access_token,
            lease and (owner(lease.holder), lease.reason),
            pause and pause.trouble,
            *(value.reason, value.failures, value.rejections, value.rejected),
        )
    if isinstance(value, Ledger):
        under_way = sorted(owner(mint.id) for mint in value.mints if mint.outcome == "sent")
        return sum(number for _, number in value.counts), tuple(under_way)
    return value


class Follower:
    """All states in which the model may be after what was seen so far.

    Args:
        world: What is followed.

    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.states: set[Whole] = {start(world)}

    def saw(self, mover: int, act: Act) -> None:
        """Note what a process was seen to do; `AssertionError` if no process of the model can."""
        before = self.states
        self.states = {
            then for state in before for then, done in self._ways(state, mover) if _alike(done, act)
        }
        assert self.states, f"process {mover} did {act}, and the model never does in {before}"

    def passed(self, now: int) -> None:
        """Note that it is a later instant."""
        self.states = {
            (shared._replace(now=now, allowed=shared.allowed + (now == EXPIRY)), processes)
            for shared, processes in self.states
        }

    def ended(self, mover: int, at: str, token: str | None) -> None:
        """Note what callers in a process got."""
        before = self.states
        self.states = {state for state in before if _got(state[1][mover]) == (at, token)}
        assert self.states, f"process {mover} is {at} {token}, and in the model {before}"

    def _ways(self, state: Whole, mover: int) -> Iterator[tuple[Whole, Act]]:
        shared, processes = state
        lease = shared.record.lease
        dead = lease is not None and not any(keeps_alive(p, lease.holder) for p in processes)
        for move in moves(processes[mover], shared, self._world, dead=dead):
            then = move.shared, tuple(_others(processes, mover, move))
            if move.act.kind == "begins":  # that alone cannot be seen
                yield from self._ways(then, mover)
            else:
                yield then, move.act


def _others(processes: tuple[Process, ...], mover: int, move: Move) -> Iterator[Process]:
    cell = written(move)
    for name, process in enumerate(processes):
        if name == mover:
            yield move.process
        else:
            yield overtaken_by(process, cell) if cell else process


def _alike(ours: Act, theirs: Act) -> bool:
    return (
        ours[:2] == theirs[:2]
        and ours.how == theirs.how
        and (gist(ours.value, _ours) == theirs.value)
    )


def _ours(name: str) -> int:
    return int(name[1])


def _got(process: Process) -> tuple[str, str | None]:
    return process.at, process.token.access_token if process.token else None
