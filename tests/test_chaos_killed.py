"""Holders of the lease, killed in mid-mint again and again: the others are served within 3 s."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

import chaos
from chaos.killing import kill_holders

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL"),
]

ROUNDS = chaos.times(1, 50)
"""Holders that are killed, once among those who have imported what mints, once among others."""


async def test_holders_that_are_killed(tmp_path: Path) -> None:
    """Each time the others get one token in time; every request counts, and the budget holds."""
    async with asyncio.TaskGroup() as both:
        both.create_task(kill_holders(tmp_path / "warm" / "tokens", ROUNDS, warm=True))
        both.create_task(kill_holders(tmp_path / "cold" / "tokens", ROUNDS, warm=False))
