"""The worlds that are explored, and how they begin."""

from __future__ import annotations

from mintonce.record import Record
from mintonce.renewal import Need, Old
from mintonce.token import Token
from model.values import FAULTS, LIFETIME, START, Fault, Process, Shared, World

CORE: tuple[Fault, ...] = ("crash", "lost swap", "lost answer", "rejection")

SHORT = {
    "two processes, any one fault": World(faults=FAULTS, most=1),
    "two processes, any one fault, a budget of two": World(faults=FAULTS, most=1, budget=2),
    "two processes that renew early, any one fault": World(faults=FAULTS, most=1, early=True),
    "two processes, any two faults, in no time": World(faults=FAULTS, most=2, time=False),
    "three processes, any one fault, in no time": World(3, FAULTS, most=1, time=False),
    "three processes and an API that rejects all": World(3, ("rejection",) * 3, time=False),
}
"""Explored by the tests."""

LONG = {
    "two processes, any two faults": World(faults=FAULTS, most=2),
    "two processes, all of the four faults": World(faults=CORE),
    "two processes, any three faults, in no time": World(faults=FAULTS, most=3, time=False),
    "three processes, any one fault": World(3, FAULTS, most=1),
    "three processes, any two faults, in no time": World(3, FAULTS, most=2, time=False),
}
"""Explored by ``nox -s model``, after those of the tests."""


def start(world: World) -> tuple[Shared, tuple[Process, ...]]:
    """Return how a world begins: what is in the store, and what each process needs."""
    if not world.early:
        return Shared(Record()), tuple(map(Process, range(world.processes)))
    old = Token("t0", START + 50, START + 50 - LIFETIME)
    need = Need(replaces=Old(old, 50))
    each = (Process(name, need=need) for name in range(world.processes))
    return Shared(Record(token=old, reason="cold", by="host:1")), tuple(each)
