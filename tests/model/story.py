"""A path through a world, step by step, for people."""

from __future__ import annotations

from collections.abc import Iterator

from mintonce.record import Record
from model.search import STUCK, Report
from model.values import Act


def tell(report: Report) -> str:
    """Tell what went wrong, and how it came to that."""
    return "\n".join([f"broken: {report.broken}", *_steps(report)])


def _steps(report: Report) -> Iterator[str]:
    explorer, state = report.explorer, report.explorer.start
    for number, then in enumerate(report.path[1:], 1):
        is_breach = number == len(report.path) - 1 and report.broken != STUCK
        expected = report.broken if is_breach else None
        for raw, broken, _, mover, act in explorer.ways(state):
            if broken == expected and explorer.canonical(raw) == then:
                state = raw
                who = f"process {mover}" if mover >= 0 else "         "
                at = explorer.processes.values[raw[2 + mover]].at if mover >= 0 else ""
                yield f"{number:3}. {who} {_act(act):60} -> {at}"
                break


def _act(act: Act) -> str:
    words = [act.kind, act.cell or "", _value(act.value), act.how and f"({act.how})"]
    return " ".join(filter(None, words))


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Record):
        token = value.token and value.token.access_token
        lease = value.lease and value.lease.holder
        pause = value.cool_down and value.cool_down.trouble
        return f"token={token} lease={lease} pause={pause}"
    counts = sum(number for _, number in value.counts)  # type: ignore[attr-defined]  # a Ledger
    return f"counted={counts}"
