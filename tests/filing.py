"""What the tests of FileStore do again and again."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mintonce.errors import StoreError
from mintonce.stores import FileStore

NOBODY = 65534

PRELUDE = """
import asyncio, os, sys
from mintonce.errors import StoreUnavailable
from mintonce.stores import FileStore
store = FileStore(sys.argv[1])

async def raise_counter(times):
    for _ in range(times):
        done = False
        while not done:
            old = await store.read("key")
            done = await store.swap("key", old, b"%d" % (int(old or 0) + 1), ttl=60)
"""


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Run with another umask."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode_of(path: Path) -> int:
    """The permission bits."""
    return path.lstat().st_mode & 0o777


def read(store: FileStore, key: str = "key") -> bytes | None:
    """Read in an event loop of its own."""
    return asyncio.run(store.read(key))


def swap(store: FileStore, old: bytes | None, new: bytes | None, key: str = "key") -> bool:
    """Swap in an event loop of its own."""
    return asyncio.run(store.swap(key, old, new, ttl=60))


def refused(store: FileStore) -> str:
    """Reading and swapping are both refused, with the same words."""
    with pytest.raises(StoreError) as reading:
        read(store)
    with pytest.raises(StoreError) as swapping:
        swap(store, None, b"value")
    assert str(reading.value) == str(swapping.value)
    return str(reading.value)


def names(directory: Path) -> set[str]:
    """The files in the directory."""
    return {path.name for path in directory.iterdir()}


def start(code: str, directory: Path, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a process that runs code beside a store on the directory."""
    command = [sys.executable, "-c", PRELUDE + code, str(directory)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True)


def run(code: str, directory: Path, env: dict[str, str] | None = None) -> str:
    """Run code beside a store on the directory, and return what it prints."""
    process = start(code, directory, env)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return printed


def unmeasured() -> dict[str, str]:
    """An environment without coverage, which is slow to start and not made for forks by threads."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
