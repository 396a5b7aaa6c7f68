"""Explore all worlds, and print how many states each has: ``python -m model``, from ``tests``."""

from __future__ import annotations

import sys
import time

from model.search import search
from model.story import tell
from model.worlds import LONG, SHORT


def main() -> int:
    """Explore them; return 1 if anything does not hold."""
    failed = states = 0
    for name, world in {**SHORT, **LONG}.items():
        started = time.perf_counter()
        report = search(world)
        took = time.perf_counter() - started
        states += report.states
        print(  # noqa: T201 - this is a program
            f"{name}: {report.states:,} states, {report.transitions:,} transitions, {took:.1f} s",
            flush=True,
        )
        if report.broken:
            print(tell(report))  # noqa: T201 - as above
            failed = 1
    print(f"{states:,} states in all")  # noqa: T201 - as above
    return failed


if __name__ == "__main__":
    sys.exit(main())
