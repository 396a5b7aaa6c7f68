"""`mintonce.minting` and `mintonce.lease`: which changes a process makes, and what follows on each.

What a process does between two operations nobody else can notice, so it is done at once, in one
move with the operation before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from mintonce import outcome, renewal, spending
from mintonce.errors import BudgetExhausted, StoreError, TokenRequestError
from mintonce.ledger import Mint, Outcome
from mintonce.minting import _STALE
from mintonce.record import Lease, Record
from mintonce.renewal import Need, Refuse, Use
from mintonce.token import Token
from model.values import At, Cell, Process, Seen, Shared, World, Write
from model.writes import Change

Result = Seen | StoreError | BudgetExhausted | None

ERRORS: dict[str, TokenRequestError] = {
    "lost": TokenRequestError("no answer", may_have_issued=True),
    "refused": TokenRequestError("not now"),
}
"""What the token request of the model fails with, by the outcome that the ledger keeps."""

_LEDGER: frozenset[At] = frozenset(("reserve", "undo", "settle", "enter"))


def change_of(process: Process, shared: Shared, world: World) -> Change:
    """Return the change that this process is about to make, a pure one."""
    lease, mint, wall = cast(Lease, process.lease), cast(Mint, process.mint), shared.wall
    token, trouble = cast(Token, process.token), cast(Outcome, process.trouble)
    unsaved = cast(tuple[Token, Lease], process.unsaved)
    changes: dict[At, Change] = {
        "claim": lambda record: replace(record, lease=lease),
        "confirm": lambda record: outcome.beat(record, lease),
        "reserve": lambda ledger: spending.reserve(ledger, world.budgets, mint),
        "undo": lambda ledger: spending.settle(ledger, mint.id, "refused"),
        "settle": lambda ledger: spending.settle(ledger, mint.id, trouble),
        "cool": lambda record: outcome.failed(record, lease, ERRORS[trouble], wall),
        "land": lambda record: outcome.landed(record, lease, token),
        "enter": lambda ledger: spending.settle(ledger, mint.id, "minted", lifetime=token.lifetime),
        "release": lambda record: outcome.released(record, lease),
        "tell": lambda record: outcome.rejected(record, token.fingerprint, wall),
        "invalidate": lambda record: outcome.rejected(record, token.fingerprint, wall),
        "save": lambda record: outcome.landed(record, unsaved[1], unsaved[0]),
    }
    return changes[process.at]


def begin(
    process: Process, at: At, shared: Shared, world: World, seen: Seen | None = None
) -> Process:
    """Begin `Cell.update` from what is believed to be there, or else by reading."""
    cell: Cell = "ledger" if at in _LEDGER else "record"
    process = process._replace(at=at, write=Write(cell, seen))
    if seen and change_of(process, shared, world)(seen.value) is None:
        return after(process._replace(write=None), seen, shared, world)
    return process


def after(process: Process, result: Result, shared: Shared, world: World) -> Process:
    """Go on once the change is made, or is not."""
    return _AFTER[process.at](process, result, shared, world)


def holds(process: Process) -> bool:
    """Whether the process believes that it holds its lease."""
    return bool(process.seen and process.lease) and outcome.holds(
        cast(Seen, process.seen).value, cast(Lease, process.lease)
    )


def firm(process: Process) -> bool:
    """Whether it can be sure of that, as `HeldLease.firm`."""
    return holds(process) and not process.late


def again(process: Process) -> Process:
    """Go back to the start of the loop in `Driver.obtain`."""
    return process._replace(
        at="look",
        seen=None,
        write=None,
        beat=None,
        lease=None,
        mint=None,
        token=None,
        trouble=None,
        since=0,
        late=False,
    )


def refused(process: Process, trouble: str, shared: Shared) -> Process:
    """Raise an error."""
    return again(process)._replace(at="refused", trouble=trouble, since=shared.now)


def served(process: Process, token: Token) -> Process:
    """Return a token."""
    need = Need(rejected=process.need.rejected)
    return again(process)._replace(at="done", token=token, need=need)


def _claimed(process: Process, result: Result, shared: Shared, world: World) -> Process:
    if result is None:
        return again(process)
    if not isinstance(result, Seen):
        return refused(process, "store", shared)
    process = process._replace(seen=result)
    if not firm(process):
        return begin(process, "confirm", shared, world, result)
    return _reserving(process, shared, world)


def _confirmed(process: Process, result: Result, shared: Shared, world: World) -> Process:
    if not isinstance(result, Seen):
        return _leaving(process, "store", shared, world)
    return _reserving(process._replace(seen=result), shared, world)


def _reserving(process: Process, shared: Shared, world: World) -> Process:
    lease, (call, number) = cast(Lease, process.lease), process.tries
    mint = Mint(f"{lease.holder}.{number}", "token", shared.wall, lease.reason, lease.by)
    process = process._replace(tries=(call, number + 1), mint=mint)
    return begin(process, "reserve", shared, world)


def _reserved(process: Process, result: Result, shared: Shared, world: World) -> Process:
    if isinstance(result, BudgetExhausted):
        return _leaving(process, "budget", shared, world)
    if not isinstance(result, Seen):
        return _leaving(process, "store", shared, world)
    if not firm(process) or shared.wall - cast(Mint, process.mint).at > _STALE:
        return begin(process, "undo", shared, world)
    return process._replace(at="send", since=shared.now)


def _undone(process: Process, _: Result, shared: Shared, world: World) -> Process:
    return _leaving(process, None, shared, world)


def _settled(process: Process, _: Result, shared: Shared, world: World) -> Process:
    return begin(process, "cool", shared, world, process.seen)


def _cooled(process: Process, result: Result, shared: Shared, _: World) -> Process:
    if not isinstance(result, Seen):
        noted: Record | None = outcome.failed(
            cast(Seen, process.seen).value,
            cast(Lease, process.lease),
            ERRORS[cast(str, process.trouble)],
            shared.wall,
        )
        process = process._replace(unshared=noted.cool_down if noted else None)
    return again(process)


def _leaving(process: Process, trouble: str | None, shared: Shared, world: World) -> Process:
    """Leave `HeldLease.during` with an error, and give the lease back."""
    process = process._replace(trouble=trouble, beat=None)
    return begin(process, "release", shared, world, process.seen)


def _released(process: Process, _: Result, shared: Shared, __: World) -> Process:
    trouble = process.trouble
    return refused(process, trouble, shared) if trouble else again(process)


def _landed(process: Process, result: Result, shared: Shared, world: World) -> Process:
    if isinstance(result, Seen):
        process = process._replace(seen=result, unsaved=None)
        return begin(process, "enter", shared, world)
    token, lease = cast(Token, process.token), cast(Lease, process.lease)
    record = cast(Seen, process.seen).value
    record = outcome.landed(record, lease, token) or record
    return _minted(process._replace(unsaved=(token, lease)), record, shared)


def _entered(process: Process, _: Result, shared: Shared, __: World) -> Process:
    return _minted(process, cast(Seen, process.seen).value, shared)


def _minted(process: Process, record: Record, shared: Shared) -> Process:
    need = process.need._replace(expired=None)
    step = renewal.decide(record, shared.wall, need, me=cast(Lease, process.lease))
    if isinstance(step, Use):
        return served(process, step.token)
    if isinstance(step, Refuse):
        return refused(process, "asked", shared)
    if cast(Token, process.token).fingerprint in record.rejected:
        return again(process)
    return refused(process, "useless", shared)


def _told(process: Process, result: Result, shared: Shared, _: World) -> Process:
    if process.at == "tell" and not isinstance(result, Seen):
        return refused(process, "store", shared)
    return again(process)


def _saved(process: Process, result: Result, _: Shared, __: World) -> Process:
    return process._replace(
        at="done", unsaved=None if isinstance(result, Seen) else process.unsaved
    )


_AFTER: dict[At, Callable[[Process, Result, Shared, World], Process]] = {
    "claim": _claimed,
    "confirm": _confirmed,
    "reserve": _reserved,
    "undo": _undone,
    "settle": _settled,
    "cool": _cooled,
    "land": _landed,
    "enter": _entered,
    "release": _released,
    "tell": _told,
    "invalidate": _told,
    "save": _saved,
}
