"""What goes wrong in the store."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

from mintonce.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFailed(Event):
    """The store did not do what it was asked, and things go on without it.

    Where they cannot, callers get the error: see `RenewalFailed`.

    Attributes:
        consequence: What comes of it.
        message: What went wrong.

    """

    level: ClassVar[int] = logging.WARNING

    consequence: str
    message: str

    def __str__(self) -> str:
        return f"{self.consequence}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPutAside(Event):
    """What the store had could not be read, and was put aside.

    Attributes:
        where: The key and the store.
        message: Why it cannot be read.
        aside: The key under which it is now.

    """

    level: ClassVar[int] = logging.WARNING

    where: str
    message: str
    aside: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}; put aside as {self.aside!r}"
