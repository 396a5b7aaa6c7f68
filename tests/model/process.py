"""`mintonce.driver`, one operation at a time: every way on for one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from math import inf
from typing import cast

from mintonce import outcome, renewal, spending
from mintonce.errors import BudgetExhausted
from mintonce.record import Lease, Record
from mintonce.renewal import LEASE, Claim, Refuse, Step, Tell, Use
from mintonce.token import Token
from model import minting
from model.store import put
from model.trouble import happenings, later
from model.values import (
    BEATING,
    INSTANTS,
    LIFETIME,
    Act,
    At,
    Move,
    Process,
    Seen,
    Shared,
    World,
    Write,
)
from model.writes import overtaken, stale, turns


def moves(process: Process, shared: Shared, world: World, *, dead: bool) -> Iterator[Move]:
    """Return every way on for this process.

    Args:
        process: The process.
        shared: What it shares with others.
        world: What is explored.
        dead: Nobody keeps the lease alive that is in the record.

    """
    if not process.paused:
        yield from steps(process, shared, world, dead=dead)
        if process.at in BEATING:
            yield from _beats(process, shared)
    yield from happenings(process, shared)


def steps(process: Process, shared: Shared, world: World, *, dead: bool) -> Iterator[Move]:
    """Return every way on for the task that mints, or looks for a token."""
    if process.write:
        yield from _writes(process, process.write, shared, world)
    elif process.at in _STEPS:
        yield from _STEPS[process.at](process, shared, world, dead)


def _look(process: Process, shared: Shared, world: World, dead: bool) -> Iterator[Move]:  # noqa: FBT001 - one of four alike
    act, seen = Act("read", "record"), Seen(shared.record)
    # Who looks for the second time may have waited for a lease to die.
    waited = dead and process.seen is not None and process.seen.current
    lease_stood, pause_lasted = (0.0, LEASE) if waited else (0.0,), (0.0, inf)[: 1 + world.hasty]
    for unchanged_for, cooled_for in product(lease_stood, pause_lasted):
        step = _decided(process, shared, unchanged_for, cooled_for)
        for then in _on(step, process._replace(seen=seen), shared, world):
            yield Move(act, then, shared)


def _decided(process: Process, shared: Shared, unchanged_for: float, cooled_for: float) -> Step:
    me = Lease(f"@{process.name}.{process.tries[0]}", "host:1", "cold")

    def step(record: Record) -> Step:
        return renewal.decide(
            record,
            shared.wall,
            process.need,
            me=me,
            unchanged_for=unchanged_for,
            cooled_for=cooled_for,
        )

    decided = step(shared.record)
    if isinstance(decided, Claim) and process.unshared:
        own = step(replace(shared.record, cool_down=process.unshared))
        return own if isinstance(own, Refuse) else decided
    return decided


def _on(step: Step, process: Process, shared: Shared, world: World) -> Iterator[Process]:
    if isinstance(step, Use):
        yield minting.served(process, step.token)
    elif isinstance(step, Claim):
        yield process._replace(at="check", lease=step.lease)
    elif isinstance(step, Tell):
        token = shared.record.token
        yield minting.begin(process._replace(token=token, seen=None), "tell", shared, world)
    elif isinstance(step, Refuse) and step.again_at is None:
        yield minting.refused(process, "asked", shared)
    else:
        yield process
        if isinstance(step, Refuse):  # callers wait for a moment, but not for long
            yield minting.refused(process, "asked", shared)


def _check(process: Process, shared: Shared, world: World, _: bool) -> Iterator[Move]:  # noqa: FBT001 - as above
    act, lease = Act("read", "ledger"), cast(Lease, process.lease)
    try:
        spending.check(shared.ledger, world.budgets, lease.reason, shared.wall)
    except BudgetExhausted:
        yield Move(act, minting.refused(process, "budget", shared), shared)
    else:
        yield Move(act, minting.begin(process, "claim", shared, world, process.seen), shared)


def _send(process: Process, shared: Shared, _: World, __: bool) -> Iterator[Move]:  # noqa: FBT001 - as above
    sent = shared.sent + 1
    at = INSTANTS[process.since] + sent / 1000  # one after the other
    token = Token(f"t{sent}", at + LIFETIME, at)
    shared = shared._replace(sent=sent, spent=shared.spent + 1)
    yield Move(Act("send"), process._replace(at="answer", token=token), shared)


def _answer(process: Process, shared: Shared, world: World, _: bool) -> Iterator[Move]:  # noqa: FBT001 - as above
    """Take the answer; heartbeats end with it."""
    token = cast(Token, process.token)
    if token.remaining(shared.wall) > 0:
        landing = process._replace(beat=None)
        landing = minting.begin(landing, "land", shared, world, process.seen)
        yield Move(Act("answer", how="token"), landing, shared)
    failed = process._replace(token=None)
    lost = minting.begin(failed._replace(trouble="lost"), "settle", shared, world)
    more = shared._replace(allowed=shared.allowed + 1)
    yield Move(Act("answer", how="lost"), lost, more, "lost answer")
    if token.remaining(shared.wall) <= 0:  # over when it came: time passed while it was paused
        yield Move(Act("answer", how="over"), lost, shared)
        return
    no = minting.begin(failed._replace(trouble="refused"), "settle", shared, world)
    yield Move(Act("answer", how="refused"), no, more._replace(spent=shared.spent - 1), "refusal")


def _done(process: Process, shared: Shared, world: World, _: bool) -> Iterator[Move]:  # noqa: FBT001 - as above
    token, need = cast(Token, process.token), process.need
    if process.unsaved:
        saving = minting.begin(process, "save", shared, world)
        yield Move(Act("begins", how="to save"), saving, shared)
    if token.access_token in shared.bad:
        seen = _anew(
            process._replace(need=need._replace(rejected=need.rejected | {token.fingerprint}))
        )
        if process.unsaved and process.unsaved[0] == token:
            seen = seen._replace(unsaved=None)
        telling = minting.begin(seen, "invalidate", shared, world)
        yield Move(Act("begins", how="to report a 401"), telling, shared)
    if token.remaining(shared.wall) <= 0:
        over = minting.again(_anew(process._replace(need=need._replace(expired=token))))
        yield Move(Act("begins", how="to look for a new token"), over, shared)


def _refused(process: Process, shared: Shared, _: World, __: bool) -> Iterator[Move]:  # noqa: FBT001 - as above
    if process.since < shared.now:
        retry = minting.again(_anew(process._replace(trouble=None)))
        yield Move(Act("begins", how="to ask again"), retry, shared)


def _anew(process: Process) -> Process:
    """Call `obtain` once more, by another name."""
    return process._replace(tries=(process.tries[0] + 1, 0))


_STEPS: dict[At, Callable[[Process, Shared, World, bool], Iterator[Move]]] = {
    "look": _look,
    "check": _check,
    "send": _send,
    "answer": _answer,
    "done": _done,
    "refused": _refused,
}


def _writes(process: Process, write: Write, shared: Shared, world: World) -> Iterator[Move]:
    """Take the next step of the change that it makes."""
    change = minting.change_of(process, shared, world)
    there = shared.ledger if write.cell == "ledger" else shared.record
    for turn in turns(write, change, there, once=process.at == "claim"):
        now, then = (
            put(turn, write.cell, process, shared, of=process.at),
            process._replace(write=turn.write),
        )
        if turn.wrote is not None and write.cell == "record":
            then = then._replace(seen=stale(then.seen), beat=overtaken(then.beat))
        renewed = [then]
        if process.at == "confirm" and turn.wrote is not None:
            renewed.append(then._replace(late=False))  # unless it was begun before the pause
        if not turn.write:
            for each in renewed:
                yield Move(turn.act, minting.after(each, turn.result, now, world), now)
            continue
        now = later(process, now, turn.fault)
        for each in renewed:
            yield Move(turn.act, each, now, turn.fault)
        if turn.fault and process.at not in BEATING:
            # The store may have been given up on only after longer than a lease lives.
            yield Move(turn.act, then._replace(late=True), now, turn.fault)


def _beats(process: Process, shared: Shared) -> Iterator[Move]:
    """Take the next step of the heartbeat, as `HeldLease._renew`."""
    lease = cast(Lease, process.lease)
    if process.beat is None and not minting.holds(process):
        return
    write = process.beat or Write("record", process.seen)
    for turn in turns(write, lambda record: outcome.beat(record, lease), shared.record):
        now, then = (
            put(turn, write.cell, process, shared, of="beat"),
            process._replace(beat=turn.write),
        )
        if turn.wrote is not None:
            then = then._replace(seen=stale(then.seen))
            if then.write and then.write.cell == "record":
                then = then._replace(write=overtaken(then.write))
        if isinstance(turn.result, Seen):
            then = then._replace(seen=turn.result)
        yield Move(turn.act, then, now, turn.fault)
        if process.late and turn.wrote is not None:  # unless it was begun before the pause
            yield Move(turn.act, then._replace(late=False), now, turn.fault)
