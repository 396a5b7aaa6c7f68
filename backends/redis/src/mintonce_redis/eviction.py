"""A warning for those whose server may throw tokens and ledgers away."""

from __future__ import annotations

import logging
import re
from typing import Any

logger: logging.Logger = logging.getLogger("mintonce")

QUESTION = (b"INFO", b"memory")

_asked: set[str] = set()


def is_unknown(where: str) -> bool:
    """Tell, once in the life of a process, whether this server has to be asked."""
    if where in _asked:
        return False
    _asked.add(where)
    return True


def warn(where: str, answer: Any) -> None:
    """Warn if the server may evict keys. Some servers do not tell, and then nobody knows."""
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else ""
    found = dict(re.findall(r"^(maxmemory|maxmemory_policy):(\S+)", said, re.MULTILINE))
    policy = found.get("maxmemory_policy", "noeviction")
    if policy != "noeviction" and found.get("maxmemory") != "0":
        logger.warning(
            "%s evicts keys when its memory is full (maxmemory-policy %s), and with them tokens and"
            " the count of what was minted: set it to noeviction",
            where,
            policy,
        )
