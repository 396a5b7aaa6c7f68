"""What a test is allowed to do that would fail it elsewhere."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


class Allowance:
    """``with allowance("the reason"):`` allows something while the block runs.

    It is one for the whole process: one test runs at a time, in however many threads and tasks.
    """

    def __init__(self) -> None:
        self._blocks = 0

    @property
    def is_given(self) -> bool:
        """Whether such a block runs."""
        return self._blocks > 0

    @contextmanager
    def __call__(self, reason: str) -> Generator[None]:
        """Allow it in a block; say why it is right to."""
        assert reason
        self._blocks += 1
        try:
            yield
        finally:
            self._blocks -= 1
