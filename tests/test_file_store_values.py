"""FileStore keeps each value in a private file, and believes no other."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from filing import NOBODY, mode_of, read, refused, swap, umask
from mintonce.errors import StoreError, UsageError
from mintonce.stores import FileStore
from mintonce.stores.private import SIZE_LIMIT


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A private directory that exists."""
    path = tmp_path / "tokens"
    path.mkdir(mode=0o700)
    return path


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_files_are_private_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    """The value and its lock have mode 0600, and the directory 0700."""
    with umask(mask):
        swap(FileStore(tmp_path / "tokens"), None, b"value")
    modes = {path.name: mode_of(path) for path in (tmp_path / "tokens").iterdir()}
    assert {"key": 0o600, "key.lock": 0o600} == modes
    assert mode_of(tmp_path / "tokens") == 0o700


def test_files_are_private_from_the_moment_they_exist(tmp_path: Path) -> None:
    """Somebody who looks all the time sees no file that others could open, not even a new one."""
    seen: set[tuple[str, int]] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for path in tmp_path.glob("tokens/*"):
                try:
                    seen.add((path.suffix, mode_of(path)))
                except FileNotFoundError:
                    continue

    looking = threading.Thread(target=look)
    looking.start()
    try:
        with umask(0o000):
            store, old = FileStore(tmp_path / "tokens"), None
            while len({suffix for suffix, _ in seen}) < 3:
                new = os.urandom(SIZE_LIMIT)
                assert swap(store, old, new)
                old = new
    finally:
        over.set()
        looking.join()
    assert {("", 0o600), (".lock", 0o600), (".tmp", 0o600)} == seen


def test_a_linked_value_is_refused(tmp_path: Path, directory: Path) -> None:
    """A value that is a symbolic link is not followed, and what it leads to is not touched."""
    target = tmp_path / "elsewhere"
    target.write_bytes(b"precious")
    target.chmod(0o600)
    (directory / "key").symlink_to(target)
    assert "it is a symbolic link, and those are not followed" in refused(FileStore(directory))
    assert target.read_bytes() == b"precious"


def test_a_linked_lock_is_refused(tmp_path: Path, directory: Path) -> None:
    """A lock that is a symbolic link is not followed, and nothing is made where it leads."""
    (directory / "key.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="those are not followed"):
        swap(FileStore(directory), None, b"value")
    assert not (tmp_path / "elsewhere").exists()


def test_a_value_that_is_no_file_is_refused(directory: Path) -> None:
    """A directory or a named pipe where the value should be is refused, and nobody hangs."""
    (directory / "key").mkdir()
    assert "key" in refused(FileStore(directory))
    (directory / "key").rmdir()
    os.mkfifo(directory / "key", 0o600)
    assert "not a regular file" in refused(FileStore(directory))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606, 0o700])
def test_a_value_open_to_others_is_refused(directory: Path, mode: int) -> None:
    """A value that others could read or write is not believed."""
    store = FileStore(directory)
    swap(store, None, b"value")
    (directory / "key").chmod(mode)
    message = refused(store)
    assert f"has mode {mode:04o}" in message
    assert message.endswith(f"chmod 600 {directory / 'key'}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_value_of_somebody_else_is_refused(directory: Path) -> None:
    """A value that belongs to another user is not believed, even in our own directory."""
    store = FileStore(directory)
    swap(store, None, b"value")
    os.chown(directory / "key", NOBODY, NOBODY)
    assert f"belongs to user {NOBODY}" in refused(store)


def test_what_killed_writers_left_is_removed(directory: Path) -> None:
    """The next writer of the same value removes what others left, and nothing else."""
    for name in ("key.0f.tmp", "key.1e.tmp", "key-2.0f.tmp", "notes.tmp"):
        (directory / name).write_bytes(b"half a val")
    store = FileStore(directory)
    assert not swap(store, b"old", b"new")
    assert 4 == len(list(directory.iterdir()))
    assert swap(store, None, b"value")
    left = {path.name for path in directory.iterdir()}
    assert {"key", "key.lock", "key-2.0f.tmp", "notes.tmp"} == left


def test_no_more_than_a_megabyte_is_read(directory: Path) -> None:
    """A huge file is not ours, and does not fill the memory."""
    store = FileStore(directory)
    assert swap(store, None, bytes(SIZE_LIMIT))
    assert read(store) == bytes(SIZE_LIMIT)
    with (directory / "key").open("ab") as file:
        file.truncate(1 << 40)
    assert "holds more than 1048576 bytes" in refused(store)


def test_no_more_than_a_megabyte_is_written(directory: Path) -> None:
    """A value that could not be read again is refused, and the old one stays."""
    store = FileStore(directory)
    swap(store, None, b"old")
    with pytest.raises(StoreError, match="cannot take 1048577 bytes"):
        swap(store, b"old", bytes(SIZE_LIMIT + 1))
    assert read(store) == b"old"


@pytest.mark.parametrize("key", ["", "../escape", "a/b", "KEY", "a.b", "key\n", "ü", "x" * 101])
def test_odd_keys_are_refused(directory: Path, key: str) -> None:
    """A key is a file name, so only plain ones get there."""
    store = FileStore(directory)
    with pytest.raises(UsageError, match="a key has 1 to 100 characters of a-z, 0-9 and '-'"):
        read(store, key)
    with pytest.raises(UsageError):
        swap(store, None, b"value", key)
    assert [] == list(directory.iterdir())


def test_reading_loads_nothing(tmp_path: Path) -> None:
    """A process that finds its token in the file is spared the import of whatever writes."""
    swap(FileStore(tmp_path / "tokens"), None, b"value")
    code = """
import asyncio, sys
from mintonce.stores import FileStore
assert asyncio.run(FileStore(sys.argv[1]).read("key")) == b"value"
print(*{"aiofiles", "aiohttp", "anyio", "filelock", "importlib.metadata"} & sys.modules.keys())
"""
    command = [sys.executable, "-c", code, str(tmp_path / "tokens")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.strip() == ""
