"""MemoryStore: values that live as long as the process, for tests and for single workers."""

from __future__ import annotations

import os
import threading

from mintonce.stores.protocol import check_key

# One lock for all stores, since two of them may share a dict. It is held for a comparison and an
# assignment and never across an await, so tasks, threads and event loops can use it alike.
_exclusive = threading.Lock()
if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    # A child that is forked while another thread holds the lock would wait for it for ever.
    os.register_at_fork(
        before=_exclusive.acquire,
        after_in_parent=_exclusive.release,
        after_in_child=_exclusive.release,
    )


class MemoryStore:
    """Keeps values in a dict. Restarts and other processes mint their own tokens: see `FileStore`.

    Nothing is ever dropped (`ttl` is ignored): there is one small value for each source and client.

    Args:
        values: Where to keep them. Stores that are given the same dict share what is in it.

    """

    def __init__(self, values: dict[str, bytes] | None = None) -> None:
        self._values = {} if values is None else values

    async def read(self, key: str) -> bytes | None:
        """Return what is kept under `key`, or None; see `TokenStore.read`."""
        return self._values.get(check_key(key))

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:  # noqa: ARG002 - see above: nothing is dropped
        """Put `new` in the place of `old`; see `TokenStore.swap`."""
        with _exclusive:
            if self._values.get(check_key(key)) != old:
                return False
            if new is None:
                self._values.pop(key, None)
            else:
                self._values[key] = new
            return True

    def __repr__(self) -> str:
        """Tell how much is kept, never what."""
        return f"<MemoryStore of {len(self._values)} values>"
