"""The part of the torture that pytest runs by itself, for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from torture import blocking, leftovers, loops
from torture.offences import watched


def pytest_configure(config: pytest.Config) -> None:
    """Choose the loop and set up the detectors, before the first test is imported."""
    if loops.install() == "debug":
        config.option.asyncio_debug = True  # or pytest-asyncio takes the mode away from its loops
    blocking.install()
    leftovers.install()


@pytest.fixture(autouse=True)
def _no_offence() -> Iterator[None]:
    """Fail each test that blocks an event loop, or leaves something behind."""
    with watched():
        yield
