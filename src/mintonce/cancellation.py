"""Telling a cancellation that somebody asked for from one that a library let escape."""

from __future__ import annotations

import asyncio


def is_asked_for() -> bool:
    """Tell whether the present task is being cancelled, and not just met a `CancelledError`."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
