"""What this process calls itself: in what it writes, and in the leases that it claims."""

from __future__ import annotations

import os
import secrets
import socket
from functools import cache

from mintonce.record import Lease


def writer() -> str:
    """Return a name that no other process writes under; a forked child has one of its own."""
    return _writer(os.getpid())


def claimant() -> Lease:
    """Make the lease of one attempt to get a token; its holder is like no other."""
    by = f"{socket.gethostname()}:{os.getpid()}"
    return Lease(f"{by}:{secrets.token_hex(6)}", by, "cold")


@cache
def _writer(pid: int) -> str:
    return f"{pid}-{secrets.token_hex(6)}"
