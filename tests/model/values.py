"""What a state of the model is made of: frozen values that can be hashed and compared."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal, NamedTuple

from mintonce.budget import Budget
from mintonce.ledger import Ledger, Mint, Outcome
from mintonce.record import CoolDown, Lease, Record
from mintonce.renewal import Need
from mintonce.token import Token

START = 1_700_000_000.0  # near no edge of any calendar window
LIFETIME = 100.0
"""Seconds that a token lives."""

INSTANTS = (START, START + 5, START + 2 * LIFETIME)
"""All the times there are: the first; later than every pause for a failed request, and earlier than
the expiry of any token; later than the expiry of all tokens that were issued before."""

EXPIRY = 2
"""The instant at which all earlier tokens are over."""

Cell = Literal["record", "ledger"]

Fault = Literal[
    "crash",  # a process dies
    "pause",  # a process stands still for longer than a lease lives
    "lost swap",  # a swap was done, and the caller saw an error
    "failed swap",  # a swap was not done, and the caller saw an error
    "late swap",  # the same, but it arrives later, and is done if nobody wrote meanwhile
    "lost answer",  # the server issued a token, and nobody got it
    "refusal",  # the server issued nothing, and said so
    "rejection",  # the API answers 401 to a token from now on
]
FAULTS: tuple[Fault, ...] = (
    "crash",
    "pause",
    "lost swap",
    "failed swap",
    "late swap",
    "lost answer",
    "refusal",
    "rejection",
)

At = Literal[
    "look",  # reads the record, and decides
    "tell",  # tells of a rejection first
    "check",  # looks whether the budget allows a request
    "claim",  # swaps its lease in
    "confirm",  # writes the lease anew, after a pause
    "reserve",  # counts the request
    "undo",  # takes the reservation back, after a pause
    "send",  # is about to send the request
    "answer",  # waits for the answer
    "settle",  # writes down that the request failed
    "cool",  # shares the cool-down
    "land",  # puts the token in
    "enter",  # writes down that the request succeeded
    "release",  # gives the lease back
    "done",  # has a token
    "refused",  # has an error
    "invalidate",  # reports a 401
    "save",  # stores a token that could not be stored
    "crashed",
]

BEATING: frozenset[At] = frozenset(
    ("confirm", "reserve", "undo", "send", "answer", "settle", "cool")
)
"""Where the heartbeat runs beside the mint: what `HeldLease.during` awaits."""

HOLDING: frozenset[At] = BEATING | {"land", "enter", "release"}


class Seen(NamedTuple):
    """What a process saw in a cell, and whether it is still there.

    Bytes are never written twice, so what is no longer there never is again. That is all that
    comparing them can tell, and so the model needs no bytes.
    """

    value: Any
    current: bool = True


class Write(NamedTuple):
    """A change of a cell under way.

    Attributes:
        cell: Which one.
        seen: What the change starts from; None: it has to be read.
        doubt: Set after an error: whether what was written is there now.

    """

    cell: Cell
    seen: Seen | None = None
    doubt: bool | None = None


class Process(NamedTuple):
    """One process, between two operations that others can notice.

    Attributes:
        name: Its number.
        at: What it does next.
        tries: Calls of `obtain`, and tokens requests begun. They make its names unique.
        since: The instant of its last error, or at which its request began.
        need: What it needs.
        seen: The record as it saw it last, or as it holds it.
        write: What it is about to change.
        beat: What its heartbeat is about to change.
        lease: The lease that it wants, or holds.
        mint: Its reservation.
        token: Its token: in hand, or on the way to the store.
        trouble: What went wrong: an outcome of a request, or what callers will be told.
        unshared: A cool-down that only this process knows of.
        late: It was paused since it last wrote its lease.
        paused: It stands still.
        unsaved: A token that could not be stored, and the lease under which it was minted.

    """

    name: int
    at: At = "look"
    tries: tuple[int, int] = (1, 0)
    since: int = 0
    need: Need = Need()
    seen: Seen | None = None
    write: Write | None = None
    beat: Write | None = None
    lease: Lease | None = None
    mint: Mint | None = None
    token: Token | None = None
    trouble: Outcome | str | None = None
    unshared: CoolDown | None = None
    late: bool = False
    paused: bool = False
    unsaved: tuple[Token, Lease] | None = None


class Coming(NamedTuple):
    """A swap that is on its way to the store, although its caller has given it up."""

    by: int
    cell: Cell
    value: Any
    of: tuple[str, tuple[int, int]]  # for which step of which try


class Shared(NamedTuple):
    """What all processes have in common, and what the judge knows.

    Attributes:
        record: What is in the store.
        ledger: The same.
        now: The instant.
        sent: Token requests that the server got.
        spent: Those of them that it did not refuse for certain.
        allowed: How many it should get at most, after all that happened.
        bad: The tokens that the API rejects.
        coming: What may arrive in the store, as long as it fits.

    """

    record: Record
    ledger: Ledger = Ledger()
    now: int = 0
    sent: int = 0
    spent: int = 0
    allowed: int = 1
    bad: frozenset[str] = frozenset()
    coming: Coming | None = None

    @property
    def wall(self) -> float:
        """Unix seconds."""
        return INSTANTS[self.now]


class Act(NamedTuple):
    """What others can notice of a move.

    Attributes:
        kind: A store operation, a request, an answer, or what happens to a process.
        cell: What was read or swapped.
        value: What was to be written.
        how: How it ended.

    """

    kind: str
    cell: Cell | None = None
    value: Any = None
    how: str = ""


class Move(NamedTuple):
    """One way on, for one process.

    Attributes:
        act: What others can notice.
        process: What it is then.
        shared: What all have in common then.
        fault: What had to go wrong for it.

    """

    act: Act
    process: Process
    shared: Shared
    fault: Fault | None = None


class World(NamedTuple):
    """What is explored.

    Attributes:
        processes: How many there are.
        faults: What may go wrong, and how often.
        most: How often anything may, in all.
        budget: Token requests that are allowed.
        time: Instants that may pass.
        early: All have a token, and want a better one.
        hasty: A pause for a failed request may be over at any time.

    """

    processes: int = 2
    faults: tuple[Fault, ...] = ()
    most: int = 99
    budget: int = 20
    time: bool = True
    early: bool = False
    hasty: bool = False

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """What the processes hold to."""
        return (Budget(self.budget, per=timedelta(days=1)),)
