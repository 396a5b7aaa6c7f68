"""Faults in the protocol, each a patch of one function, and a world in which it does harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from mintonce import outcome, renewal, spending
from mintonce.ledger import Ledger, Mint
from mintonce.record import Lease, Record
from mintonce.token import Token
from model import minting, writes
from model.minting import Result
from model.values import Act, Fault, Process, Seen, Shared, World, Write
from model.writes import Change, Turn

_claimed = minting._AFTER["claim"]
_decide, _settle, _swaps, _turns = renewal.decide, spending.settle, writes._swaps, writes.turns


class Planted(NamedTuple):
    """A fault.

    Attributes:
        where: The module, or the table, of the function.
        name: Its name there.
        instead: What takes its place.
        world: Where it shows.
        broken: What the explorer has to say.

    """

    where: Any
    name: str
    instead: Callable[..., Any]
    world: World
    broken: str


def _world(*faults: Fault, **options: Any) -> World:
    return World(faults=faults, **options)


def _blind(write: Write, seen: Seen, value: Any, *, once: bool) -> Iterator[Turn]:
    """Write without comparing."""
    return _swaps(write, seen._replace(current=True), value, once=once)


def _go_on(process: Process, result: Result, shared: Shared, world: World) -> Process:
    """Mint although somebody else was faster: the record is not read again after the claim."""
    believed = Seen(replace(shared.record, lease=process.lease), current=False)
    return _claimed(process, result or believed, shared, world)


def _never_in_doubt(write: Write, change: Change, there: Any, *, once: bool = False) -> Any:
    """Take an error of the store for success."""
    if write.doubt is not None:
        return iter([Turn(Act("read", write.cell), result=Seen(there))])
    return _turns(write, change, there, once=once)


def _send_first(process: Process, shared: Shared, _: World) -> Process:
    """Send, and reserve when the answer is there."""
    mint = Mint(f"@{process.name}.later", "token", shared.wall, "cold", "host:1")
    return process._replace(at="send", mint=mint, since=shared.now)


def _overwritten(record: Record, lease: Lease, token: Token) -> Record:
    """Put the token in, whoever holds the lease by now."""
    return replace(record, token=token, reason=lease.reason, lease=None)


def _put_in(record: Record, lease: Lease, token: Token) -> Record:
    """Put the token in whatever is there, but leave the lease of others."""
    left = None if outcome.holds(record, lease) else record.lease
    return replace(record, token=token, reason=lease.reason, lease=left)


def _refunded(ledger: Ledger, mint_id: str, outcome: Any, **more: Any) -> Ledger | None:
    """Give the reservation of a lost answer back."""
    return _settle(ledger, mint_id, "refused" if outcome == "lost" else outcome, **more)


def _refunded_always(ledger: Ledger, mint_id: str, _: Any, **__: Any) -> Ledger | None:
    """Give every reservation back."""
    return _settle(ledger, mint_id, "refused")


def _rejected_by_time(record: Record, *_: Any) -> Record | None:
    """Reject whatever token is there when the report comes."""
    token = record.token
    return replace(record, rejected=(token.fingerprint,)) if token else None


def _told_nobody(record: Record, *_: Any) -> Record:
    """Tell of a rejection without a word about which token it was."""
    return record


def _never_dead(*args: Any, unchanged_for: float = 0.0, **more: Any) -> Any:  # noqa: ARG001 - it is left out
    """Wait for every lease, however long it has stood still."""
    return _decide(*args, unchanged_for=0.0, **more)


def _holds_something(process: Process) -> bool:
    """Be content with any lease."""
    return process.seen is not None and process.seen.value.lease is not None


PLANTED = {
    "claims without comparing": Planted(writes, "_swaps", _blind, _world(), "a lease is taken"),
    "goes on after a lost race": Planted(minting._AFTER, "claim", _go_on, _world(), "G1"),
    "takes an error of the store for success": Planted(
        "model.process", "turns", _never_in_doubt, _world("failed swap"), "G2: a request"
    ),
    "reserves after it sent": Planted(
        minting, "_reserving", _send_first, _world(), "G2: a request"
    ),
    "spends more than there is": Planted(
        spending,
        "check",
        lambda *_: None,
        _world("lost answer", budget=1),
        "G2: 2 requests were sent, and 1 are allowed",
    ),
    "gives a lost answer back": Planted(
        spending, "settle", _refunded, _world("lost answer"), "G2: 1 requests were sent, and 0"
    ),
    "gives every request back": Planted(
        spending, "settle", _refunded_always, _world(), "G2: 1 requests were sent, and 0"
    ),
    "gives back a lease of others": Planted(
        outcome,
        "released",
        lambda record, _: replace(record, lease=None),
        _world("pause"),
        "a lease is given back",
    ),
    "lands in spite of a lost lease": Planted(
        outcome, "landed", _overwritten, _world("pause"), "a lease is given back"
    ),
    "lands over a newer token": Planted(
        outcome, "landed", _put_in, _world("pause"), "a newer token is overwritten"
    ),
    "does not look at the lease after a pause": Planted(
        minting, "firm", _holds_something, _world("pause"), "G1"
    ),
    "lets nobody know that it is alive": Planted(
        "model.trouble", "keeps_alive", lambda *_: False, _world(), "a lease is taken"
    ),
    "waits for a lease for ever": Planted(
        renewal, "decide", _never_dead, _world("crash"), "no end"
    ),
    "sees no rejection": Planted(
        renewal, "_is_rejected", lambda *_: False, _world("rejection"), "G6"
    ),
    "rejects by time": Planted(outcome, "rejected", _rejected_by_time, _world("rejection"), "G1"),
    "rejects in vain": Planted(outcome, "rejected", _told_nobody, _world("rejection"), "no end"),
    "drains the budget of an API that rejects all": Planted(
        outcome,
        "_rejection",
        lambda *_, **__: None,
        _world("rejection", "rejection", time=False),
        "G1",
    ),
    "sees no expiry": Planted(renewal, "usable", lambda record, *_: record.token, _world(), "G3"),
    "is content with no token": Planted(
        renewal, "_is_better", lambda *_: False, _world(early=True), "an error without a cause"
    ),
}
