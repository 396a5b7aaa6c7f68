"""FileStore makes its directory private, refuses one that is not, and says what to do about it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from filing import NOBODY, mode_of, read, refused, swap, umask
from mintonce.errors import UsageError
from mintonce.stores import FileStore


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A private directory that exists."""
    path = tmp_path / "tokens"
    path.mkdir(mode=0o700)
    return path


def test_a_missing_directory_is_made(tmp_path: Path) -> None:
    """The directory comes into being at the first swap, private; its parents are ordinary."""
    directory = tmp_path / "state" / "tokens"
    store = FileStore(directory)
    with umask(0o022):
        assert read(store) is None
        assert not swap(store, b"old", b"new")
        assert not directory.parent.exists()
        assert swap(store, None, b"value")
    assert (0o755, 0o700) == (mode_of(directory.parent), mode_of(directory))


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    """A path that is a file is no directory, and stays what it is."""
    (tmp_path / "tokens").write_text("precious")
    assert "not a directory: move it, or name another" in refused(FileStore(tmp_path / "tokens"))
    assert (tmp_path / "tokens").read_text() == "precious"


def test_a_file_above_is_refused(tmp_path: Path) -> None:
    """A path that leads through a file cannot be made."""
    (tmp_path / "file").write_text("precious")
    message = refused(FileStore(tmp_path / "file" / "tokens"))
    assert "a file is where a directory should be" in message


def test_a_symbolic_link_is_refused(tmp_path: Path, directory: Path) -> None:
    """A link to a directory is not followed, since somebody could turn it round."""
    (tmp_path / "link").symlink_to(directory)
    for path in (tmp_path / "link", f"{tmp_path}/link/"):
        assert "a symbolic link: move it, or name another" in refused(FileStore(path))
    assert [] == list(directory.iterdir())


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o707, 0o777, 0o710])
def test_a_directory_open_to_others_is_refused(directory: Path, mode: int) -> None:
    """A directory that others can read, write or search is named, with the command that helps."""
    directory.chmod(mode)
    message = refused(FileStore(directory))
    assert f"has mode {mode:04o}" in message
    assert message.endswith(f"chmod 700 {directory}")
    subprocess.run(["sh", "-c", message.partition("private: ")[2]], check=True)
    assert swap(FileStore(directory), None, b"value")


@pytest.mark.parametrize("mode", [0o500, 0o600, 0o000])
def test_a_directory_closed_to_its_owner_is_refused(directory: Path, mode: int) -> None:
    """A directory that its owner cannot list, write or search is refused, also for root."""
    directory.chmod(mode)
    message = refused(FileStore(directory))
    directory.chmod(0o700)
    assert f"has mode {mode:04o}" in message


def test_the_directory_of_somebody_else_is_refused(directory: Path) -> None:
    """A directory that belongs to another user is refused, whatever its mode."""
    if os.geteuid() == 0:
        os.chown(directory, NOBODY, NOBODY)
        message = refused(FileStore(directory))
    else:
        message = refused(FileStore("/"))
    assert "belongs to user" in message
    assert f"runs as {os.geteuid()}: name a directory of its own" in message


def as_nobody(code: str) -> str:
    """Run code as a user whom permissions bind, and return what it prints."""
    drop = f"if os.geteuid() == 0: os.setgid({NOBODY}); os.setuid({NOBODY})\n"
    load = (
        "import asyncio, os, pathlib, tempfile\n"
        "from mintonce.errors import StoreError\nfrom mintonce.stores import FileStore\n"
        # What is imported late may lie where nobody may look.
        "import mintonce.stores.locked\nasyncio.run(FileStore('/nowhere').read('key'))\n"
    )
    command = [sys.executable, "-c", load + drop + code]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout


TRY = """
store = FileStore(path)
for call in (lambda: store.read("key"), lambda: store.swap("key", None, b"value", ttl=60)):
    try:
        print(asyncio.run(call()))
    except StoreError as error:
        print(error)
"""


def test_where_nothing_can_be_made() -> None:
    """A directory that cannot be made is an error that says so, not a flood of mints."""
    printed = as_nobody(f"path = '/mintonce-{os.urandom(4).hex()}/tokens'{TRY}")
    read, swapped = printed.splitlines()
    assert read == "None"
    assert "Permission denied; this process needs a directory that it may search" in swapped


def test_where_nothing_can_be_found() -> None:
    """Below a directory that cannot be searched, nobody knows what is there: that is an error."""
    parent = as_nobody(
        "parent = pathlib.Path(tempfile.mkdtemp(dir='/tmp'))\n"
        f"parent.chmod(0)\npath = parent / 'tokens'\nprint(parent){TRY}\nparent.rmdir()"
    )
    _, read, swapped = parent.splitlines()
    assert read == swapped
    assert "Permission denied; this process needs a directory" in read


@pytest.mark.parametrize("path", ["", "a\0b", "~no-such-user-of-this-host/tokens"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    """What cannot be a path is refused when the store is made, not when a token is minted."""
    with pytest.raises(UsageError, match="the directory of a FileStore"):
        FileStore(path)


def test_the_path_is_settled_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` and relative paths mean what they mean when the store is made, and repr shows it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert f"FileStore('{tmp_path}/home/tokens')" == repr(FileStore("~/tokens"))
    monkeypatch.chdir(tmp_path)
    store = FileStore("tokens")
    monkeypatch.chdir("/")
    assert f"FileStore('{tmp_path}/tokens')" == repr(store)
    assert swap(store, None, b"value")
    assert (tmp_path / "tokens" / "key").read_bytes() == b"value"


def test_a_directory_that_vanishes_is_made_again(directory: Path) -> None:
    """Somebody who removes the directory while it is used removes the values, and no more."""
    store = FileStore(directory)
    swap(store, None, b"value")
    shutil.rmtree(directory)
    assert read(store) is None
    assert swap(store, None, b"again")
