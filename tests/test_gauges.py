"""The gauges of `mintonce.opentelemetry`: how budgets stand, how old the token is, for how long."""

from __future__ import annotations

import time
from typing import Any

import pytest

from exporting import Exported
from managing import eventually, manager, server_of
from mintonce import Budget, TokenManager, events
from mintonce.testing import FakeSource, ManualClock

pytestmark = pytest.mark.asyncio

GAUGES = ("budget.used", "budget.left", "token.age")


def shown(exported: Exported, *attributes: str) -> dict[str, Any]:
    """The points of all gauges by these attributes."""
    return {name: exported.points(f"mintonce.{name}", *attributes) for name in GAUGES}


async def test_budgets() -> None:
    """Used and left, by window, as they stand after the last mint."""
    exported = Exported()
    budgets = [Budget(3, per="month"), Budget(20, per="day")]
    options: dict[str, Any] = {"budget": budgets, "on_event": exported.telemetry}
    async with server_of() as server, manager(server, **options) as tokens:
        await tokens.invalidate(await tokens.get())
        await tokens.get()
    assert {("month",): 2, ("day",): 2} == exported.points("mintonce.budget.used", "budget.window")
    assert {("month",): 1, ("day",): 18} == exported.points("mintonce.budget.left", "budget.window")


async def test_budgets_of_the_same_window() -> None:
    """They are told apart by their limits."""
    exported = Exported()
    budgets = [Budget(10, per="day", name="shared"), Budget(1000, per="day")]
    async with TokenManager(FakeSource(), budget=budgets, on_event=exported.telemetry) as tokens:
        await tokens.get()
    by = ("budget.window", "budget.limit", "budget.name")
    assert {("day", 10, "shared"): 1, ("day", 1000, ""): 1} == exported.points(
        "mintonce.budget.used", *by
    )
    assert {("day", 10, "shared"): 9, ("day", 1000, ""): 999} == exported.points(
        "mintonce.budget.left", *by
    )


async def test_budgets_of_the_same_window_and_limit() -> None:
    """They are told apart by their names, as each name has a count of its own."""
    exported = Exported()
    for name, mints in (("shared", 2), (None, 1)):
        budget, telemetry = Budget(10, per="day", name=name), exported.telemetry
        async with TokenManager(FakeSource(), budget=budget, on_event=telemetry) as tokens:
            for _ in range(mints):
                await tokens.invalidate(await tokens.get())
    used = exported.points("mintonce.budget.used", "budget.limit", "budget.name")
    assert {(10, "shared"): 2, (10, ""): 1} == used


@pytest.mark.parametrize("ahead", [-1e8, 0.0, 1e8])
async def test_a_clock_that_is_turned_by_hand(ahead: float) -> None:
    """Gauges go by the clock of the manager, wherever it stands."""
    exported, before = Exported(), time.monotonic()
    clock = ManualClock(wall=time.time() + ahead)
    options: dict[str, Any] = {"budget": Budget(10, per="day"), "clock": clock}
    async with TokenManager(FakeSource(), on_event=exported.telemetry, **options) as tokens:
        await tokens.get()
        clock.advance(3601)
        await tokens.get()
    assert {(): 2} == exported.points("mintonce.budget.used")
    assert {(): 8} == exported.points("mintonce.budget.left")
    (age,) = exported.points("mintonce.token.age").values()
    assert -0.001 <= age <= time.monotonic() - before


@pytest.mark.parametrize("ahead", [-1e8, 1e8])
async def test_what_is_over_by_the_clock_of_the_manager(ahead: float) -> None:
    """It is shown no more, and what lasts is."""
    exported = Exported()
    for source, lasts in (("token-over", 0.1), ("token-here", 600.0)):
        at = time.time() + ahead
        tell(exported, source, at=at, ends=at + lasts)
    both = {("token-over",), ("token-here",)}
    await eventually(lambda: all({("token-here",)} == set(p) for p in shown_by_source(exported)))
    tell(exported, "token-over", at=at, ends=at + 600)
    assert all(both == set(points) for points in shown_by_source(exported))


async def test_an_event_that_comes_late() -> None:
    """What was over before it came is not shown: a window that has ended, an expired token."""
    exported = Exported()
    for source, left in (("token-over", -1), ("token-here", 60)):
        tell(exported, source, at=time.time() - 30, ends=time.time() + left)
    assert [[("token-here",)]] * 3 == [[*points] for points in shown_by_source(exported)]
    (age,) = exported.points("mintonce.token.age").values()
    assert age == pytest.approx(30, abs=5)


def shown_by_source(exported: Exported) -> list[dict[Any, Any]]:
    """The points of each gauge."""
    return [*shown(exported, "source").values()]


def tell(exported: Exported, source: str, *, at: float, ends: float) -> None:
    """Tell of a budget and a token, both of which end then."""
    told: dict[str, Any] = {"source": source, "at": at}
    exported.telemetry(
        events.BudgetCounted(per="hour", limit=9, used=1, left=8, resets_at=ends, **told)
    )
    token: dict[str, Any] = {"fingerprint": "f", "lifetime": ends - at, "expires_at": ends}
    exported.telemetry(events.TokenAdopted(age=0.0, waited=0.0, **token, **told))
