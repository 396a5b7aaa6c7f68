"""Files that only their owner can read: read with suspicion, written whole or not at all.

Everything here blocks, and is called from worker threads.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from mintonce.errors import StoreError, StoreUnavailable

SIZE_LIMIT = 1 << 20
"""Bytes that a file may hold: what is larger is not ours, and would only fill the memory."""

# Elsewhere modes and owners mean nothing, and a directory cannot be synchronised.
_POSIX = os.name == "posix"

# A symbolic link is not followed, and a named pipe does not keep its reader waiting.
_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

_ADVICE = {
    errno.EACCES: "; this process needs a directory that it may search and write",
    errno.EISDIR: "; a directory is where a file should be: move it",
    errno.EROFS: "; this process needs a directory on a file system that it may write",
    errno.ELOOP: "; it is a symbolic link, and those are not followed: put the file itself there",
    errno.ENOTDIR: "; a file is where a directory should be: move it, or name another directory",
}


@contextmanager
def failures_told(path: Path) -> Generator[None]:
    """Turn what the system answers into a `StoreError` that names the file.

    Raises:
        StoreUnavailable: It may pass, such as a full disk.
        StoreError: It stays until somebody follows the advice.

    """
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0)
        kind = StoreUnavailable if advice is None else StoreError
        # A failed write names no file itself.
        raise kind(f"{error.filename or path}: {error.strerror}{advice or ''}") from error


def prepare(directory: Path) -> None:
    """Make a private directory where there is none; its missing parents get the usual mode.

    Raises:
        StoreError: What is there is not a private directory.

    """
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700, parents=True)
    _check_directory(directory)


def read(path: Path) -> bytes | None:
    """Return what is in a private file; None if it, or its directory, does not exist.

    Raises:
        StoreError: The file or its directory is open to others, or not what it should be.

    """
    with failures_told(path):
        try:
            _check_directory(path.parent)
            with open(path, "rb", opener=_open_privately) as file:
                _check(path, os.fstat(file.fileno()), "regular file", stat.S_ISREG, 0o600)
                value = file.read(SIZE_LIMIT + 1)
        except FileNotFoundError:
            return None
    if len(value) > SIZE_LIMIT:
        raise StoreError(
            f"{path}: holds more than {SIZE_LIMIT} bytes, so it is not ours: remove it"
        )
    return value


def write(path: Path, value: bytes) -> None:
    """Replace what is in a file. At any moment, and after a crash, it holds the old or the new.

    Raises:
        StoreError: It was not done: `value` is too long.
        OSError: It was not done; or if the directory could not be synchronised, it may be.

    """
    if len(value) > SIZE_LIMIT:
        raise StoreError(f"{path}: cannot take {len(value)} bytes, only {SIZE_LIMIT}")
    temporary = path.with_name(f"{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb", opener=_open_privately) as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _synchronise(path.parent)


def remove(path: Path) -> None:
    """Remove a file, if it is there, so that it does not come back after a crash."""
    path.unlink(missing_ok=True)
    _synchronise(path.parent)


def remove_litter(path: Path) -> None:
    """Remove what writers of this file left that were killed. No other writer may be at work."""
    for temporary in path.parent.glob(f"{path.name}.*.tmp"):
        temporary.unlink(missing_ok=True)


def _open_privately(path: str, flags: int) -> int:
    return os.open(path, flags | _SAFELY, 0o600)


def _synchronise(directory: Path) -> None:
    # Without this a crash of the machine may undo a rename that was already reported as done.
    if _POSIX:  # pragma: no branch - not on Windows
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check_directory(directory: Path) -> None:
    # Not through a symbolic link: it could be turned elsewhere between this look and the next.
    _check(directory, directory.lstat(), "directory", stat.S_ISDIR, 0o700)


def _check(
    path: Path, found: os.stat_result, kind: str, is_kind: Callable[[int], bool], mode: int
) -> None:
    if not is_kind(found.st_mode):
        what = "a symbolic link" if stat.S_ISLNK(found.st_mode) else f"not a {kind}"
        raise StoreError(f"{path}: is {what}: move it, or name another directory")
    if _POSIX:  # pragma: no branch - not on Windows
        _check_private(path, found, mode)


def _check_private(path: Path, found: os.stat_result, mode: int) -> None:
    if found.st_uid != os.geteuid():
        raise StoreError(
            f"{path}: belongs to user {found.st_uid}, and this process runs as {os.geteuid()}:"
            " name a directory of its own (one that does not exist is made)"
        )
    if found.st_mode & 0o777 != mode:
        import shlex  # noqa: PLC0415 - only for this message

        raise StoreError(
            f"{path}: has mode {found.st_mode & 0o777:04o}, but tokens must be private:"
            f" chmod {mode:o} {shlex.quote(str(path))}"
        )
