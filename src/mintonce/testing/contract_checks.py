"""What every check of the contract is made of: two handles, fresh keys, plain comparisons."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from secrets import token_hex
from typing import Any, TypeVar

from mintonce.stores.protocol import TokenStore

TTL = 600.0
"""Seconds: longer than any check runs, and soon enough gone from a store that other people use."""

PATIENCE = 1_000
"""Attempts after which something that has to succeed in the end never will."""

_TIME_LIMIT = 60.0


class Contract(ABC):
    """Checks of a store. Each ``test_`` method is one, and needs no test runner.

    An author inherits, writes `open`, and runs the checks with pytest, with unittest (inherit from
    ``TestCase`` too) or with `verify`.
    """

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[TokenStore]:
        """Open one more handle on the same data, and close it at the end.

        Each check has two open at once, so that a store is never tested against itself alone. The
        data may be shared with others and may outlive the checks: each check makes up new keys.
        """

    def failures(self) -> dict[str, Exception]:
        """Run all checks, and return what was wrong by the name of the check.

        Raises:
            RuntimeError: There is an event loop running, and each check needs one of its own.

        """
        if _is_in_a_loop():
            raise RuntimeError("run the checks outside of an event loop: each has one of its own")
        found: dict[str, Exception] = {}
        for name in dir(self):
            if name.startswith("test_"):
                try:
                    getattr(self, name)()
                except Exception as problem:  # noqa: BLE001 - whatever a store raises is its answer
                    found[name] = problem
        return found

    def verify(self) -> None:
        """Run all checks; not from within a running event loop.

        Raises:
            AssertionError: The store broke the contract; the message names each check that failed.

        """
        failures = self.failures()
        if failures:
            lines = [f"{name}: {type(why).__name__}: {why}" for name, why in failures.items()]
            raise AssertionError("the store breaks its contract:\n" + "\n".join(lines))


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


T = TypeVar("T")
C = TypeVar("C", bound=Contract)


def check(body: Callable[[C, TokenStore, TokenStore], Awaitable[None]]) -> Callable[[C], None]:
    """Turn a coroutine function that takes two handles into a test that any runner understands."""

    async def in_time(contract: C) -> None:
        async with asyncio.timeout(_TIME_LIMIT), contract.open() as one, contract.open() as two:
            await body(contract, one, two)

    def run(self: C) -> None:
        try:
            asyncio.run(in_time(self))
        except TimeoutError as late:
            raise AssertionError(
                f"not over after {_TIME_LIMIT:g} s: a call hangs, or tries for ever what is refused"
            ) from late

    # `functools.wraps` would show pytest the two handles, and it would look for such fixtures.
    run.__name__, run.__qualname__ = body.__name__, body.__qualname__
    run.__module__, run.__doc__ = body.__module__, body.__doc__
    return run


@asynccontextmanager
async def under_way(*calls: Coroutine[Any, Any, T]) -> AsyncGenerator[list[asyncio.Task[T]]]:
    """Start calls, and see to it that all have ended when their store is about to be closed."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def together(*calls: Coroutine[Any, Any, T]) -> list[T]:
    """Await calls at once; if one fails, the others are stopped, and its error is raised."""
    async with under_way(*calls) as tasks:
        return await asyncio.gather(*tasks)


def fresh_key() -> str:
    """Make up a key that nobody has used."""
    return f"contract-{token_hex(8)}"


def same(expected: object, actual: object, what: str) -> None:
    """Compare. Not an ``assert``, since a contract must also hold under ``python -O``."""
    if expected != actual:
        raise AssertionError(f"{what}: expected {expected!r:.80}, got {actual!r:.80}")


async def must_swap(store: TokenStore, key: str, old: bytes | None, new: bytes | None) -> None:
    """Swap, and insist that it was done."""
    answer = await store.swap(key, old, new, ttl=TTL)
    same(True, answer, f"swap of {old!r:.40} for {new!r:.40}")


async def must_refuse(store: TokenStore, key: str, old: bytes | None, new: bytes | None) -> None:
    """Try to swap, and insist that it was refused and that nothing was changed."""
    before = await store.read(key)
    answer = await store.swap(key, old, new, ttl=TTL)
    same(False, answer, f"swap of {old!r:.40}, which is not there, for {new!r:.40}")
    same(before, await store.read(key), "the value after a refused swap")
