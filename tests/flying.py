"""Calls that end when they are told to, and callers who wait for them."""

from __future__ import annotations

import asyncio

from mintonce.flight import Flights

CALLERS = 5


class Call:
    """A call that goes on until it is told to end; counts how often it was made."""

    def __init__(self) -> None:
        self.made = self.ended = 0
        self.end = asyncio.Event()
        self.error: BaseException | None = None

    async def __call__(self) -> str:
        """Wait for the end."""
        self.made += 1
        try:
            await self.end.wait()
            if self.error:
                raise self.error
            return f"result {self.made}"
        finally:
            self.ended += 1


def join(
    flights: Flights, call: Call, name: str = "get", callers: int = CALLERS
) -> list[asyncio.Task[str]]:
    """So many callers, each in a task of its own, that wait for the call."""
    return [asyncio.create_task(flights.join(name, call)) for _ in range(callers)]


async def steps(number: int) -> None:
    """Let the other tasks go so many steps."""
    for _ in range(number):
        await asyncio.sleep(0)
