"""What goes wrong at the authorization server and with other processes."""

from __future__ import annotations

from dataclasses import dataclass

from mintonce.errors import utc
from mintonce.events.base import Event
from mintonce.record import Reason, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class MintFailed(Event):
    """A token request brought no token, or could not be sent.

    Attributes:
        reason: Why a token was to be minted.
        message: What went wrong.
        elapsed: Seconds that it took.
        status: The HTTP status, where there was one.
        error: The error code of RFC 6749 section 5.2, where there was one.
        permanent: Asking again with the same credentials cannot help.
        may_have_issued: A token may exist all the same, so the request counts against the budget.

    """

    reason: Reason
    message: str
    elapsed: float
    status: int | None
    error: str | None
    permanent: bool
    may_have_issued: bool

    def __str__(self) -> str:
        return f"no token was minted ({self.reason}): {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalFailed(Event):
    """No token was obtained: what callers get, or would get if they had none.

    Attributes:
        early: Whether the callers have a token that is still good.
        kind: The kind of the error that callers get, such as ``BudgetExhausted``.
        message: What it says.

    """

    early: bool
    kind: str
    message: str

    def __str__(self) -> str:
        return f"{'early ' if self.early else ''}renewal failed: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolDownStarted(Event):
    """Nobody asks the authorization server for a while.

    Attributes:
        trouble: Why.
        message: What callers are told.
        seconds: For how long.
        until: Until when, in Unix seconds.
        shared: Whether the whole fleet keeps to it, and not only this process.

    """

    trouble: Trouble
    message: str
    seconds: float
    until: float
    shared: bool

    def __str__(self) -> str:
        who = "nobody" if self.shared else "this process no longer"
        return f"{who} asks for a token before {utc(self.until)}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTakenOver(Event):
    """Another process was about to mint and showed no life, so this one mints instead.

    Attributes:
        by: Host and process id of the other one.
        reason: Why a token is minted.

    """

    by: str
    reason: Reason

    def __str__(self) -> str:
        return f"took over from {self.by}, which was minting and shows no life ({self.reason})"
