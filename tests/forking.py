"""Children that the tests fork, and what becomes of them."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest


def fork(check: Callable[[], bool]) -> int:
    """Run a check in a forked child, and return the child's id."""
    child = os.fork()
    if child == 0:
        is_well = False
        try:
            is_well = check()
        finally:
            os._exit(0 if is_well else 1)
    return child


def exit_code(child: int) -> int:
    """Wait for a forked child."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
with_threads = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # that is the point
