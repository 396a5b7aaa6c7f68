"""What the detectors found while a test ran, and the verdict at its end."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

_found: list[str] = []


def report(offence: str) -> None:
    """Write down what the present test must not do; from any thread."""
    _found.append(offence)


@contextmanager
def watched() -> Generator[None]:
    """Fail whoever runs in this block if anything is reported until its garbage is collected.

    Raises:
        AssertionError: Something was.

    """
    _found.clear()
    yield
    # Coroutines that nobody awaited, sessions that nobody closed and the like speak up now, and
    # not in the middle of another test. What they raise is collected by pytest itself.
    gc.collect()
    gc.freeze()  # what is left outlives the test: the next ones need not look through it
    found = [*dict.fromkeys(_found)]
    _found.clear()
    assert not found, "\n".join(found)
