"""A look at both clocks is good for a moment: `get` then reads one, and a timer ends the moment."""

from __future__ import annotations

from managing import Handmade
from mintonce import TokenManager
from mintonce.clock import SystemClock
from troubled import run, skip


class Turned(SystemClock):
    """The clocks of this host, turned by hand; reads are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.at = {"wall": 1_700_000_000.0, "steady": 0.0}
        self.reads = {"wall": 0, "steady": 0}
        self.wall = lambda: self._read("wall")
        self.steady = lambda: self._read("steady")

    def _read(self, name: str) -> float:
        self.reads[name] += 1
        return self.at[name]


def test_one_clock_is_read_while_the_moment_lasts() -> None:
    """And nothing else is done."""

    async def main() -> None:
        clock, source = Turned(), Handmade(lifetime=600)
        async with TokenManager(source, clock=clock) as tokens:
            token = await tokens.get()
            await tokens.get()
            before = dict(clock.reads)
            assert all([token is await tokens.get() for _ in range(100)])
            assert {"wall": before["wall"] + 100, "steady": before["steady"]} == clock.reads

    run(main)


def test_a_suspend_ends_the_moment() -> None:
    """The wall clock tells of it at once, whatever the event loop has noticed."""

    async def main() -> None:
        clock, source = Turned(), Handmade(lifetime=600)
        async with TokenManager(source, clock=clock) as tokens:
            old = await tokens.get()
            assert old is await tokens.get()
            clock.at["wall"] += 600
            clock.at["steady"] += 600
            assert old != await tokens.get()

    run(main)


def test_a_wall_clock_that_is_set_back_does_not_prolong_the_moment() -> None:
    """The timer of the event loop ends it."""

    async def main() -> None:
        clock, source = Turned(), Handmade(lifetime=600)
        async with TokenManager(source, clock=clock) as tokens:
            old = await tokens.get()
            assert old is await tokens.get()
            clock.at["wall"] -= 3600
            clock.at["steady"] += 600
            assert old is await tokens.get()
            await skip(1.0)
            assert old != await tokens.get()

    run(main)


def test_the_moment_ends_with_the_token() -> None:
    """Or sooner, when it is time to renew it."""

    async def main() -> None:
        clock, source = Turned(), Handmade(lifetime=10)
        async with TokenManager(source, clock=clock, refresh_ahead=0) as tokens:
            old = await tokens.get()
            clock.at = {name: at + 9.5 for name, at in clock.at.items()}
            assert old is await tokens.get()
            clock.at["wall"] += 0.5
            assert old != await tokens.get()

    run(main)


def test_nothing_is_trusted_after_closing() -> None:
    """Nor is a rejected token handed out for the rest of the moment."""

    async def main() -> None:
        clock, source = Turned(), Handmade(lifetime=600)
        async with TokenManager(source, clock=clock) as tokens:
            old = await tokens.get()
            assert old is await tokens.get()
            await tokens.invalidate(old)
            assert old != await tokens.get()

    run(main)
