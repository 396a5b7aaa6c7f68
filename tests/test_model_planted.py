"""The explorer finds what is wrong: faults are planted in the protocol, and each is reported."""

from __future__ import annotations

from functools import cache

import pytest

from model.planted import PLANTED, Planted
from model.search import search
from model.story import tell
from model.values import World


@cache
def broken_in(world: World) -> str | None:
    """What is wrong there while no fault is planted."""
    return search(world).broken


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """It breaks what it has to break, and the way to there is told from its first step on."""
    assert None is broken_in(planted.world)
    if isinstance(planted.where, dict):
        monkeypatch.setitem(planted.where, planted.name, planted.instead)
    elif isinstance(planted.where, str):
        monkeypatch.setattr(f"{planted.where}.{planted.name}", planted.instead)
    else:
        monkeypatch.setattr(planted.where, planted.name, planted.instead)
    report = search(planted.world, limit=200_000)
    story = tell(report)
    assert planted.broken in str(report.broken), story
    assert len(report.path) - 1 == story.count("\n")
