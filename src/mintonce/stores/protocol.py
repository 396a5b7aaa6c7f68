"""What a store has to do, and nothing else: two methods over opaque bytes."""

from __future__ import annotations

import re
from typing import Protocol, runtime_checkable

from mintonce.errors import UsageError

_KEY = re.compile(r"[a-z0-9-]{1,100}")


class TokenStore(Protocol):
    """Where the tokens, the leases and the ledger of a fleet are kept.

    A store knows nothing of tokens. It keeps bytes under keys (``[a-z0-9-]``, at most 100
    characters) and replaces them on a condition; everything else is built on that, in one place.
    Both methods are called from many tasks at once, and several processes use the same data.
    A store may also have ``async def aclose()``: a manager that opened the store calls it.

    Both answers of `swap` are certain. A store that cannot know whether it did (the connection
    broke after sending) raises `StoreUnavailable`; the caller finds out by reading again.
    """

    async def read(self, key: str) -> bytes | None:
        """Return what is kept under `key`, or None. Never an older value than `swap` confirmed.

        Raises:
            StoreUnavailable: The store cannot be reached at present.
            StoreError: Something is wrong that has to be mended first.

        """
        ...

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Put `new` in the place of `old`, atomically, and say whether that was done.

        Args:
            key: The name of the value.
            old: What must be there now, byte for byte; None if nothing may be there.
            new: What is to be there; None to delete.
            ttl: A hint: after so many seconds the value is worthless and may be dropped.

        Returns:
            True: `new` is there, for everybody and also after a crash, as far as the store keeps
            anything. False: something else than `old` was there, and nothing was changed.

        Raises:
            StoreUnavailable: The store cannot be reached at present, or cannot know if it was done.
            StoreError: It was not done, and something has to be mended first.

        """
        ...


@runtime_checkable
class PushingStore(Protocol):
    """A store that can tell of a change, so that those who wait for it need not poll."""

    async def changed(self, key: str, seen: bytes | None, timeout: float) -> None:
        """Return when the value is no longer `seen`, or after `timeout` seconds, or earlier.

        Args:
            key: The name of the value.
            seen: What the caller saw there.
            timeout: Seconds to wait at most.

        """
        ...


def check_key(key: str) -> str:
    """Return `key` if it is one that every store can take.

    Keys become file names, parts of URLs and database keys, so they need no escaping anywhere.

    Raises:
        UsageError: It is empty, too long, or holds something else than ``a-z``, ``0-9``, ``-``.

    """
    if not _KEY.fullmatch(key):
        raise UsageError(f"a key has 1 to 100 characters of a-z, 0-9 and '-', unlike {key!r:.120}")
    return key
