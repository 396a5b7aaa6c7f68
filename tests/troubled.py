"""Stores whose answers go wrong, and an event loop that need not wait for time limits."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from flying import steps
from mintonce import MemoryStore, StoreError
from torture import prepared

T = TypeVar("T")

Swap = Callable[[], Awaitable[bool]]
Trouble = Callable[[Swap], Awaitable[bool]]


async def fails(swap: Swap) -> bool:  # noqa: ARG001 - it is never made
    """Nothing is done, and that is said."""
    raise StoreError("refused")


async def answer_lost(swap: Swap) -> bool:
    """It is done, and nobody hears of it."""
    await swap()
    raise StoreError("reset")


async def no_answer(swap: Swap) -> bool:
    """It is done, and the store says no more."""
    await swap()
    await asyncio.Event().wait()
    return True


class Skipping(asyncio.SelectorEventLoop):
    """An event loop whose time can be moved on, so that no test waits for a time limit."""

    skipped = 0.0

    def time(self) -> float:
        """Seconds, those that were skipped included."""
        return super().time() + self.skipped


def run(test: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a test on a loop whose time can be moved on."""
    with asyncio.Runner(loop_factory=prepared(Skipping)) as runner:
        return runner.run(test())


async def skip(seconds: float) -> None:
    """Let everything else run as far as it can, then move the time of the loop on."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Skipping)
    # Bit by bit: to skip all of it at once is to stand still, and time limits do not count that.
    bits = math.ceil(seconds / 0.5)
    for _ in range(bits):
        await steps(20)
        loop.skipped += seconds / bits
    await steps(20)


class Troubled(MemoryStore):
    """A store of which the test decides how it fails.

    Attributes:
        swaps: What goes wrong with the next swaps, one after another; None for nothing.
        reads: What the next reads raise, one after another; None for nothing.
        done: The keys that were swapped with success, in this order.
        ttls: What was said of how long their values are of worth.

    """

    def __init__(self, values: dict[str, bytes] | None = None) -> None:
        super().__init__(values)
        self.swaps: list[Trouble | None] = []
        self.reads: list[BaseException | None] = []
        self.done: list[str] = []
        self.ttls: list[float] = []

    async def read(self, key: str) -> bytes | None:
        """Read, unless something is to go wrong."""
        if self.reads and (error := self.reads.pop(0)):
            raise error
        return await super().read(key)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Swap, unless something is to go wrong."""

        async def really() -> bool:
            done = await MemoryStore.swap(self, key, old, new, ttl=ttl)
            if done:
                self.done.append(key)
                self.ttls.append(ttl)
            return done

        trouble = self.swaps.pop(0) if self.swaps else None
        return await (trouble(really) if trouble else really())
