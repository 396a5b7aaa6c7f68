"""A swap of what is in a private file, under a lock that all processes of the host respect."""

from __future__ import annotations

from pathlib import Path

from aiofiles.os import wrap
from filelock import FileLock, Timeout

from mintonce.stores import private


@wrap
def try_swap(path: Path, old: bytes | None, new: bytes | None) -> bool | None:
    """Swap if the lock is free; None if it is not.

    All of it happens in one worker thread, from taking the lock to giving it back. There is no
    point at which a cancelled task could leave half of it behind.

    Raises:
        StoreError: It was not done, or is done and may be undone if the machine crashes now.

    """
    with private.failures_told(path):
        private.prepare(path.parent)
        try:
            # A new object each time: one that is shared lets all threads of a process in at once.
            with FileLock(f"{path}.lock", timeout=0, mode=0o600):
                return _swap(path, old, new)
        except Timeout:
            return None


def _swap(path: Path, old: bytes | None, new: bytes | None) -> bool:
    if private.read(path) != old:
        return False
    private.remove_litter(path)
    if new is None:
        private.remove(path)
    else:
        private.write(path, new)
    return True
