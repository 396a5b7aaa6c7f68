"""The worlds that are explored, and how they begin."""

from __future__ import annotations

from mintonce.record import Record
from mintonce.renewal import Need, Old
from mintonce.token import Token
from model.values import FAULTS, LIFETIME, START, Fault, Process, Shared, World

CORE: tuple[Fault, ...] = ("crash", "lost swap", "lost answer", "rejection")
"""Those that every combination is explored of."""

SHORT = {
    "two processes, any one fault": World(faults=FAULTS, most=1),
    "two processes, any one fault, a budget of two": World(faults=FAULTS, most=1, budget=2),
    "two processes that renew early, any one fault": World(faults=FAULTS, most=1, early=True),
    "two processes, two of the four faults": World(faults=CORE, most=2),
    "three processes, any one fault, and nothing expires": World(3, FAULTS, most=1, time=False),
    "three processes, and an API that rejects all": World(3, ("rejection",) * 3, time=False),
}
"""Explored by the tests."""

LONG = {
    "two processes, all of the four faults": World(faults=CORE),
    "two processes, any two faults": World(faults=FAULTS, most=2),
    "two processes, any two faults, a budget of two": World(faults=FAULTS, most=2, budget=2),
    "two processes, any three faults, and nothing expires": World(2, FAULTS, most=3, time=False),
    "three processes, any one fault": World(3, FAULTS, most=1),
    "three processes, any two faults, and nothing expires": World(3, FAULTS, most=2, time=False),
    "three processes, all of the four faults, and nothing expires": World(3, CORE, time=False),
    "three processes, two of the four faults": World(3, CORE, most=2),
}
"""Explored by ``nox -s model``, after those of the tests.

In all of them a token may expire as well, unless their name says otherwise, and each fault happens
once at most.
"""


def start(world: World) -> tuple[Shared, tuple[Process, ...]]:
    """Return how a world begins: what is in the store, and what each process needs."""
    if not world.early:
        return Shared(Record()), tuple(map(Process, range(world.processes)))
    old = Token("t0", START + 50, START + 50 - LIFETIME)
    need = Need(replaces=Old(old, 50))
    each = (Process(name, need=need) for name in range(world.processes))
    return Shared(Record(token=old, reason="cold", by="host:1")), tuple(each)
