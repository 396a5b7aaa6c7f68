"""What must hold: the promises, as sentences about a move or about a state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from mintonce.ledger import Mint
from mintonce.record import Lease, Record
from mintonce.token import Token
from model.values import HOLDING, At, Move, Process, Shared, World


def broken_by(process: Process, move: Move, shared: Shared, world: World) -> str | None:
    """Say which promise this move breaks, as far as the process itself can tell."""
    if move.act.kind == "send":
        return _broken_by_sending(process, move.shared)
    if move.shared.record is not shared.record:
        return _broken_by_writing(process, shared, move.shared.record)
    if move.process.at != process.at:
        return _broken_by_ending(process.at, move, world)
    return None


def broken_in(shared: Shared, world: World) -> str | None:
    """Say which promise is broken in what all have in common."""
    counted = sum(number for _, number in shared.ledger.counts)
    if shared.spent > counted:
        return f"G2: {shared.spent} requests were sent, and {counted} are counted"
    if shared.spent > world.budget:
        return f"G2: {shared.spent} requests were sent, and {world.budget} are allowed"
    return None


def broken_among(process: Process, others: Iterable[Process]) -> str | None:
    """Say which promise a request breaks because of what the others are doing."""
    for other in others:
        if other.at == "answer" and not (process.late or other.late or other.paused):
            return f"G1: the request of process {other.name} is still under way"
    return None


def is_sound(process: Process, lease: Lease) -> bool:
    """Whether the process holds this lease, and was not paused: nobody may take it."""
    is_held = process.lease == lease and process.at in HOLDING
    return is_held and not (process.late or process.paused)


def _broken_by_sending(process: Process, shared: Shared) -> str | None:
    mint = cast(Mint, process.mint)
    if not any(known.id == mint.id and known.outcome == "sent" for known in shared.ledger.mints):
        return "G2: a request is sent that was not reserved"
    if shared.sent > shared.allowed:
        return f"G1: request {shared.sent}, and what happened asks for {shared.allowed}"
    return None


def _is_good(token: Token, process: Process, shared: Shared) -> bool:
    old = process.need.replaces
    return (
        token.expires_at > shared.wall
        and token.fingerprint not in process.need.rejected
        and token.fingerprint not in shared.record.rejected
        and (old is None or token.expires_at > old.token.expires_at)
    )


def _broken_by_writing(process: Process, shared: Shared, new: Record) -> str | None:
    old = shared.record
    own = {process.lease} | ({process.unsaved[1]} if process.unsaved else set())
    is_claim = process.at == "claim"
    if is_claim and old.token and _is_good(old.token, process, shared):
        return "G1: a lease is claimed while there is a good token"
    if old.lease != new.lease:
        if new.lease is None and old.lease not in own:
            return "a lease is given back that another holds"
        if new.lease is not None and new.lease not in own:
            return "a lease is written that another held"
    if old.token and old.token != new.token and old.token.fingerprint not in old.rejected:
        is_older = new.token is None or new.token.expires_at < old.token.expires_at
        if is_older:
            return "a newer token is overwritten"
    if new.token and old.token != new.token and new.token.fingerprint in new.rejected:
        return "G6: a rejected token is put in"
    return None


def _broken_by_ending(before: At, move: Move, world: World) -> str | None:
    process, shared = move.process, move.shared
    if process.at == "done" and before != "save":
        token = cast(Token, process.token)
        if token.remaining(shared.wall) <= 0:
            return "G3: an expired token is handed out"
        if token.fingerprint in process.need.rejected:
            return "G6: a token is handed out that this process saw rejected"
        if move.act == ("read", "record", None, "") and token.fingerprint in shared.record.rejected:
            return "G6: a token is handed out that is known to be rejected"
    if process.at == "refused" and not _is_founded(process, shared, world):
        return f"an error without a cause: {process.trouble}"
    return None


def _is_founded(process: Process, shared: Shared, world: World) -> bool:
    if process.trouble == "asked":
        return bool(shared.record.cool_down or process.unshared)
    if process.trouble == "budget":
        counted = sum(number for _, number in shared.ledger.counts)
        return counted >= world.budget - world.budgets[0].reserve
    if process.trouble == "store":
        return not {"lost swap", "failed swap", "late swap"}.isdisjoint(world.faults)
    return "pause" in world.faults
