"""FileStore: one private file per key, shared by all processes of a host, kept over restarts."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from weakref import WeakValueDictionary

from mintonce.errors import StoreUnavailable, UsageError
from mintonce.stores import private
from mintonce.stores.protocol import check_key

LOCK_TIMEOUT = 4.0
"""Seconds to wait for a lock: many times what a write takes, and less than a manager waits."""

_POLL = 0.005
_THREADS = 4  # for all stores of a process: a look or a swap takes a millisecond

_pools: dict[int, ThreadPoolExecutor] = {}


class FileStore:
    """Keeps each value in a file of its own, in a directory that only its owner can open.

    A value is replaced whole, under a lock that the system takes back when its holder dies.
    Reading takes no lock. A store holds nothing open between calls: several event loops, threads
    and forked children can use one. The directory must be on a file system with working locks,
    which network file systems often lack, so it serves the processes of one host.

    Nothing is ever dropped (`ttl` is ignored); the next value takes the place of a worthless one.

    Args:
        directory: Where to keep the files. It is made when first needed, with mode 0700.

    Raises:
        UsageError: `directory` cannot be a path.

    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = _absolute(os.fspath(directory))
        # Who waits here need not poll the lock file. A lock belongs to one event loop, and goes
        # away with the last task that uses it.
        self._queues: WeakValueDictionary[tuple[asyncio.AbstractEventLoop, str], asyncio.Lock]
        self._queues = WeakValueDictionary()

    async def read(self, key: str) -> bytes | None:
        """Return what is kept under `key`, or None; see `TokenStore.read`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_threads(), private.read, self._path(key))

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:  # noqa: ARG002 - see above: nothing is dropped
        """Put `new` in the place of `old`; see `TokenStore.swap`.

        A caller that is cancelled leaves at once; a swap that has begun is then still finished.
        """
        path = self._path(key)
        async with self._queues.setdefault((asyncio.get_running_loop(), key), asyncio.Lock()):
            give_up_at = time.monotonic() + LOCK_TIMEOUT
            # Most who come too late learn it from this look, and need no lock.
            while await self.read(key) == old:
                done = await _try_swap(path, old, new)
                if done is not None:
                    return done
                if time.monotonic() > give_up_at:
                    raise StoreUnavailable(f"{path}.lock: held by another for {LOCK_TIMEOUT:g} s")
                await asyncio.sleep(_POLL)
            return False

    def _path(self, key: str) -> Path:
        return self._directory / check_key(key)

    def __repr__(self) -> str:
        return f"FileStore({str(self._directory)!r})"


async def _try_swap(path: Path, old: bytes | None, new: bytes | None) -> bool | None:
    # Not imported before somebody writes: processes that find a token are spared the cost. Nor in
    # the worker thread: a child that is forked in the middle of an import can never finish it.
    from mintonce.stores.locked import try_swap  # noqa: PLC0415 - as said

    return await try_swap(path, old, new, executor=_threads())


def _threads() -> ThreadPoolExecutor:
    """Return threads of our own: those of the loop may all be busy with the program's work.

    Those of a parent process do not run in its forked child.
    """
    pid = os.getpid()
    if pid not in _pools:
        _pools.clear()
        _pools[pid] = ThreadPoolExecutor(_THREADS, thread_name_prefix="mintonce")
    return _pools[pid]


def _absolute(directory: str) -> Path:
    if not directory or "\0" in directory:
        raise UsageError("the directory of a FileStore must be a path, not empty or with a NUL")
    try:
        return Path(directory).expanduser().absolute()
    except RuntimeError as problem:
        raise UsageError(f"the directory of a FileStore cannot be found: {problem}") from problem
