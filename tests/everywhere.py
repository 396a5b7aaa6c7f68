"""What holds for the tests of the library and for those of every backend: a plugin of pytest."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

import chaos

pytest_plugins = ["torture.plugin"]

# Whoever starts the tests in the background may have them ignore Ctrl-C, which children inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline for an example: on a busy machine it would only tell how busy the machine is.
# The same examples each time: a red run can be run again, and is red again.
settings.register_profile("mintonce", deadline=None, derandomize=True, database=None)
settings.load_profile("mintonce")

# For `nox -s hostile`: other examples each time. A red run prints how to run its example again.
settings.register_profile(
    "hostile",
    deadline=None,
    derandomize=False,
    database=None,
    max_examples=int(os.environ.get("HOSTILE_EXAMPLES", "100_000")),
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured where processes were killed."""
    for line in chaos.told():
        terminalreporter.write_line(line)
