"""FileStore loses nothing and leaks nothing: killed, cancelled, out of space."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from filing import names, read, run, start, swap, unmeasured
from mintonce.errors import StoreUnavailable
from mintonce.stores import FileStore

# Writes values of many sizes that say which they are, and tells on its output which are confirmed.
WRITER = """
async def write():
    old = await store.read("key")
    number = int(old.split()[0]) if old else 0
    while True:
        number += 1
        new = b"%d " % number * (1 + number * 7919 % 20_000)
        assert await store.swap("key", old, new, ttl=60)
        old = new
        print(number, flush=True)
asyncio.run(write())
"""

HOLDER = """
from filelock import FileLock
with FileLock(sys.argv[1] + "/key.lock"):
    print("held", flush=True)
    sys.stdin.read()
"""


def kill(process: subprocess.Popen[str]) -> str:
    """End a process with no chance to tidy up, and return what it had printed by then."""
    process.send_signal(signal.SIGKILL)
    printed, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    return printed


def open_descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def test_a_killed_writer_harms_nothing(tmp_path: Path) -> None:
    """After SIGKILL at any moment the value is whole and at least the last that was confirmed.

    No lock is held, and what the killed one left behind is removed by the next writer.
    """
    chance, store, directory = random.Random(7), FileStore(tmp_path / "t"), tmp_path / "t"
    litter = 0
    for _ in range(30):
        writer = start(WRITER, directory, unmeasured())
        assert writer.stdout
        writer.stdout.readline()
        threading.Event().wait(chance.uniform(0, 0.02))
        confirmed = int((["0", *kill(writer).split()])[-1])
        value = read(store) or b""
        number = int(value.split()[0])
        assert confirmed <= number
        assert b"%d " % number * (1 + number * 7919 % 20_000) == value
        left = len(names(directory) - {"key", "key.lock"})
        assert left <= 1
        litter += left
    assert swap(store, read(store), b"last")
    assert {"key", "key.lock"} == names(directory)
    assert litter, "no writer was killed while it wrote, so this has shown little"


def test_a_killed_holder_of_the_lock_blocks_nobody(tmp_path: Path) -> None:
    """The system takes a lock back when its holder dies; nobody deletes anything by hand."""
    store, directory = FileStore(tmp_path / "t"), tmp_path / "t"
    assert swap(store, None, b"old")
    holder = start(HOLDER, directory)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"

    async def swap_while_it_dies() -> bool:
        swapping = asyncio.create_task(store.swap("key", b"old", b"new", ttl=60))
        await asyncio.wait([swapping], timeout=0.1)
        assert not swapping.done()
        await asyncio.to_thread(kill, holder)
        async with asyncio.timeout(3):  # less than a lock is waited for
            return await swapping

    assert asyncio.run(swap_while_it_dies())


def test_a_held_lock_is_named(tmp_path: Path) -> None:
    """A lock that is never given back is an error that names it; reading and other keys go on."""
    store = FileStore(tmp_path / "t")
    assert swap(store, None, b"old")

    async def swap_meanwhile() -> None:
        swapping = asyncio.create_task(store.swap("key", b"old", b"new", ttl=60))
        await asyncio.wait([swapping], timeout=0.1)
        assert await store.swap("other", None, b"value", ttl=60)
        assert await store.read("key") == b"old"
        assert not await store.swap("other", None, b"value", ttl=60)
        with pytest.raises(StoreUnavailable, match=r"t/key\.lock: held by another for 4 s"):
            await swapping

    with FileLock(tmp_path / "t" / "key.lock"):
        asyncio.run(swap_meanwhile())
    assert swap(store, b"old", b"new")


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """Where there is no room for a value the old one stays, until there is room."""
    code = """
import resource
assert asyncio.run(store.swap("key", None, b"old", ttl=60))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    asyncio.run(store.swap("key", b"old", bytes(1001), ttl=60))
except StoreUnavailable as error:
    print(error)
print(*sorted(os.listdir(sys.argv[1])), asyncio.run(store.read("key")))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(asyncio.run(store.swap("key", b"old", bytes(1001), ttl=60)))
"""
    error, left, again = run(code, tmp_path / "t").splitlines()
    assert f"{tmp_path}/t/key: File too large" == error
    assert "key key.lock b'old'" == left
    assert "True" == again


def test_a_storm_of_cancellations_leaks_nothing(tmp_path: Path) -> None:
    """Hundreds of calls that are cancelled at any moment leave no descriptor, file or lock."""
    store, chance = FileStore(tmp_path / "t"), random.Random(3)
    assert swap(store, None, b"0")
    before = open_descriptors()

    async def storm() -> None:
        for _ in range(20):
            old = await store.read("key")
            calls = [store.swap("key", old, os.urandom(99), ttl=60) for _ in range(10)]
            tasks = [asyncio.ensure_future(call) for call in [*calls, store.read("key")]]
            for task in chance.sample(tasks, len(tasks)):
                await asyncio.wait([task], timeout=chance.choice([0, 0, 0.000_3, 0.002]))
                task.cancel()
            await asyncio.wait(tasks)
        # What had begun is still finished, so somebody else may come first. Nobody has to wait.
        async with asyncio.timeout(10):
            while not await store.swap("key", await store.read("key"), b"last", ttl=60):
                pass

    asyncio.run(storm())
    assert before == open_descriptors()
    assert {"key", "key.lock"} == names(tmp_path / "t")
    assert swap(FileStore(tmp_path / "t"), b"last", b"more")
    assert 0 == len(store._queues)
