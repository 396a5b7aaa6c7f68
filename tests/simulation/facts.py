"""What the judge knows of a claim and of a token request."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulation.process import Process


@dataclass(eq=False)
class Claim:
    """A lease that a process swapped into the record.

    Attributes:
        process: Who did.
        at: When.
        reason: Why it wants to mint.
        instead_of: The token that was in the record.

    """

    process: Process
    at: float
    reason: str
    instead_of: str | None


@dataclass(eq=False)
class Request:
    """A token request that was sent.

    Attributes:
        process: Who sent it.
        sent: When.
        claim: Under which lease; None if the process mints for itself.
        mint: The id of its reservation.
        ended: When the sender had its answer, or gave up.
        counts: Whether a token may have been issued.
        value: The token that was.
        delivered: When that reached the sender.
        is_refused: Whether the answer was an error.
        secret: The number of the secret that it was sent with.
        wait: Seconds that the server told everybody to wait.

    """

    process: Process
    sent: float
    claim: Claim | None
    mint: str | None
    ended: float = math.inf
    counts: bool = False
    value: str | None = None
    delivered: float | None = None
    is_refused: bool = False
    secret: int = 0
    wait: float = 0.0

    @property
    def is_after_rejection(self) -> bool:
        """Whether it was sent because the API rejected a token."""
        return self.claim is not None and self.claim.reason == "rejected"
