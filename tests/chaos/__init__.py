"""How much chaos there is, where its moments come from, and what was measured in it.

The short form is part of the suite. ``MINTONCE_CHAOS=full`` asks for the long one, as
``nox -s chaos`` does; ``MINTONCE_CHAOS_SEED`` draws the same moments once more. What the processes
of the machine make of them is another matter, so a run is repeated in kind, not step by step.
"""

from __future__ import annotations

import os
import random
from typing import Final

FULL: Final = os.environ.get("MINTONCE_CHAOS") == "full"

# Moments of the short form are the same each time; the long form looks for new ones.
SEED: Final = int(
    os.environ.get("MINTONCE_CHAOS_SEED") or (random.SystemRandom().getrandbits(32) if FULL else 7)
)

TAKEOVER: Final = 3.0
"""Seconds after which a process that died is replaced, at most."""

BUSY: Final = 0.0 if FULL else 2.0
"""Seconds that a busy machine may take on top. The long form has the machine for itself."""

_figures: list[str] = []
_used: set[str] = set()


def times(short: int, full: int) -> int:
    """How often something is done, in the form that was asked for."""
    return full if FULL else short


def chance(name: str) -> random.Random:
    """A source of random moments for the test of this name."""
    _used.add(name)
    return random.Random(f"{SEED} {name}")


def tell(figures: str) -> None:
    """Have this printed when all tests are done."""
    _figures.append(figures)


def told() -> list[str]:
    """What was measured, and the seed with which it can be measured once more."""
    return [*([f"chaos: MINTONCE_CHAOS_SEED={SEED}"] if _used else []), *_figures]
