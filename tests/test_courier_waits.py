"""Who closes waits a moment for listeners: not again for one that blocks, but for a slow one."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from managing import eventually
from mintonce import courier
from mintonce.courier import Courier

pytestmark = pytest.mark.asyncio


async def test_a_blocked_listener_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who closes after that does not wait, until the listener goes on; then all do again."""
    monkeypatch.setattr(courier, "WAIT", 0.1)
    mine, may_go_on, goes_on, heard = Courier(), threading.Event(), threading.Event(), list[int]()
    mine.deliver(may_go_on.wait)
    await mine.emptied()
    monkeypatch.setattr(courier, "WAIT", 3600.0)
    try:
        for _ in range(8):
            await asyncio.wait_for(mine.emptied(), 5)
    finally:
        may_go_on.set()
    mine.deliver(goes_on.set)
    await eventually(goes_on.is_set)
    mine.deliver(partial(threading.Event().wait, 0.05))
    mine.deliver(partial(heard.append, 1))
    await mine.emptied()
    assert [1] == heard


async def test_a_slow_listener_is_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not block: it only takes longer than one who closes will wait."""
    monkeypatch.setattr(courier, "WAIT", 0.4)
    mine, heard = Courier(), list[int]()
    for number in range(30):
        mine.deliver(partial(threading.Event().wait, 0.03))
        mine.deliver(partial(heard.append, number))
    await mine.emptied()
    assert len(heard) < 30
    monkeypatch.setattr(courier, "WAIT", 60.0)
    await mine.emptied()
    assert 30 == len(heard)
