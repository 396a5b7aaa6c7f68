"""What all events have in common."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have in common.

    Attributes:
        level: At which level it is logged.
        source: The key of the token source, which tells managers apart.
        at: When it happened, in Unix seconds.

    """

    level: ClassVar[int] = logging.INFO

    source: str = ""
    at: float = 0.0
