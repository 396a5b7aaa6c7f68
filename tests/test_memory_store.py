"""MemoryStore shares what is in one dict, between tasks, threads and event loops."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from filing import run, unmeasured
from mintonce.errors import UsageError
from mintonce.stores import MemoryStore


@contextmanager
def hasty_threads() -> Generator[None]:
    """Let threads take turns as often as they can; no thread may be started meanwhile.

    A debugger or a measurement of coverage is told of each thread that starts, and Python 3.11
    cannot do that for two of them at once.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


async def raise_counter(store: MemoryStore, times: int) -> None:
    """Raise the counter, and try again where somebody else was faster."""
    for _ in range(times):
        done = False
        while not done:
            old = await store.read("key")
            done = await store.swap("key", old, b"%d" % (int(old or 0) + 1), ttl=60)


def test_threads_lose_no_count() -> None:
    """Stores on one dict exclude each other, although each thread has a store and a loop."""
    values: dict[str, bytes] = {}
    have_started, may_go = threading.Barrier(5), threading.Barrier(5)

    def count() -> None:
        have_started.wait()
        may_go.wait()
        asyncio.run(raise_counter(MemoryStore(values), 8_000))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    have_started.wait()
    with hasty_threads():
        may_go.wait()
        for thread in threads:
            thread.join()
    assert {"key": b"32000"} == values


def test_a_store_of_its_own_shares_nothing() -> None:
    """Stores that were given no dict have nothing in common."""
    asyncio.run(raise_counter(MemoryStore(), 1))
    assert asyncio.run(MemoryStore().read("key")) is None


def test_an_empty_dict_is_shared_too() -> None:
    """A dict that is empty when it is handed over is the one that is used."""
    values: dict[str, bytes] = {}
    asyncio.run(raise_counter(MemoryStore(values), 1))
    assert {"key": b"1"} == values


def test_forked_children_inherit_no_lock(tmp_path: Path) -> None:
    """Children that are forked while a thread swaps can swap themselves."""
    code = """
import threading, warnings
from mintonce.stores import MemoryStore
warnings.simplefilter("ignore")  # forking beside threads is what this is about
sys.setswitchinterval(1e-6)
store, over = MemoryStore(), threading.Event()
asyncio.run(raise_counter(1))  # asyncio itself must not be forked while it starts
async def hammer():
    while not over.is_set():
        await store.swap("other", None, b"value" * 1000, ttl=60)
        await store.swap("other", b"value" * 1000, None, ttl=60)
thread = threading.Thread(target=asyncio.run, args=[hammer()])
thread.start()
codes = set()
for _ in range(100):
    child = os.fork()
    if not child:
        signal.alarm(20)
        asyncio.run(raise_counter(1))
        os._exit(0)
    codes.add(os.waitpid(child, 0)[1])
over.set()
thread.join()
print(codes)
"""
    assert "{0}\n" == run("import signal\n" + code, tmp_path, unmeasured())


def test_odd_keys_are_refused() -> None:
    """The same keys are refused as everywhere, so that what works in tests works in service."""
    with pytest.raises(UsageError, match="a key has 1 to 100 characters"):
        asyncio.run(MemoryStore().read("KEY"))
    with pytest.raises(UsageError, match="a key has 1 to 100 characters"):
        asyncio.run(MemoryStore().swap("", None, b"value", ttl=60))


def test_what_is_kept_is_not_shown() -> None:
    """A store tells how much it keeps, and never what."""
    assert "<MemoryStore of 1 values>" == repr(MemoryStore({"key": b"secret"}))
