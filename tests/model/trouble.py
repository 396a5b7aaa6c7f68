"""What happens to a process: it dies, it stands still, its token is rejected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from mintonce.token import Token
from model.values import BEATING, HOLDING, Act, At, Fault, Move, Process, Shared

_ON_THE_WAY: frozenset[At] = frozenset(("send", "answer", "land"))
"""Where a token may be on its way that others cannot know of: if they take over, they ask again."""

MINTING: frozenset[At] = HOLDING | {"claim"}
"""Where a process may stand still to some effect: elsewhere it is as if it only were slow."""

_ENDED: frozenset[At] = frozenset(("done", "refused", "crashed"))


def happenings(process: Process, shared: Shared) -> Iterator[Move]:
    """Return what may happen to the process here."""
    at = process.at
    if at not in _ENDED:
        more = _more(shared, process, of=_ON_THE_WAY - {"send"})
        yield Move(Act("dies"), Process(process.name, "crashed"), more, "crash")
    if process.paused:
        yield Move(Act("wakes"), process._replace(paused=False), shared)
    elif at in MINTING:
        still = process._replace(paused=True, late=True)
        yield Move(Act("stands still"), still, _more(shared, process, of=_ON_THE_WAY), "pause")
    if at == "done":
        yield from _rejections(process, shared)


def later(process: Process, shared: Shared, fault: Fault | None) -> Shared:
    """Note what an error of the store may cost: a token that nobody else sees is replaced."""
    is_hidden = fault in {"failed swap", "late swap"} and process.at == "land"
    return shared._replace(allowed=shared.allowed + 1) if is_hidden else shared


def is_busy(process: Process) -> bool:
    """Whether this takes seconds at most: no instant passes meanwhile."""
    return process.at in MINTING and not process.paused


def is_over(process: Process, shared: Shared) -> bool:
    """Whether the process came to an end: a token that is good, an error, or death."""
    if process.at != "done":
        return process.at in _ENDED
    token = cast(Token, process.token)
    return token.remaining(shared.wall) > 0 and token.access_token not in shared.bad


def keeps_alive(process: Process, holder: str) -> bool:
    """Whether the process shows others in time that this lease of its own is alive."""
    if process.lease is None or process.lease.holder != holder or process.paused:
        return False
    in_doubt = process.write is not None and process.write.doubt is not None
    if process.at in BEATING:
        return True
    return not process.late if in_doubt else process.at in HOLDING


def _more(shared: Shared, process: Process, *, of: frozenset[At]) -> Shared:
    return shared._replace(allowed=shared.allowed + (process.at in of))


def _rejections(process: Process, shared: Shared) -> Iterator[Move]:
    value = cast(Token, process.token).access_token
    if value not in shared.bad:
        # Not another one for a token that was itself minted because of that.
        is_cure = shared.record.reason != "rejected"
        bad = shared._replace(bad=shared.bad | {value}, allowed=shared.allowed + is_cure)
        yield Move(Act("is told 401 from now on"), process, bad, "rejection")
