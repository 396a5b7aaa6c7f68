"""The status for people: a few facts, and a table of the last mints."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mintonce.cli.times import distance, span, utc
from mintonce.ledger import Mint
from mintonce.record import Reason
from mintonce.status import BudgetStatus, Status, TokenStatus

_SHOWN = 10  # mints; --json has all that are remembered
_PLAIN_WIDTH = 120  # columns where there is no terminal

_BECAUSE: dict[Reason | None, str] = {
    "cold": "there was none",
    "expired": "the one before had expired",
    "early": "the one before was about to expire",
    "rejected": "the API rejected the one before",
    None: "of an unknown reason",
}


def show(status: Status, place: str, now: float) -> None:
    """Print `status` as of `now` (Unix seconds)."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH)
    for name, fact in _facts(status, place, now):
        # Text, since what others wrote to the store is no markup.
        console.print(Text.assemble((f"{name:<9}", "bold"), "  ", fact), soft_wrap=True)
    if status.mints:
        console.print(_mints(status.mints[-_SHOWN:], now, plain=not console.is_terminal))


def _facts(status: Status, place: str, now: float) -> Iterator[tuple[str, str]]:
    yield "store", place
    if status.token:
        yield from _token(status.token, now)
    else:
        yield "token", "none"
    if status.lease:
        yield "lease", f"{status.lease.by} mints ({status.lease.reason})"
    if cool_down := status.cool_down:
        yield "cool-down", f"until {_moment(cool_down.until, now)}: {cool_down.message}"
    for budget in status.budgets:
        yield from _budget(budget, now)
    if not status.budgets:
        yield "budget", "none (--budget or MINTONCE_BUDGET)"


def _token(token: TokenStatus, now: float) -> Iterator[tuple[str, str]]:
    state = "good for" if token.remaining > 0 else "expired since"
    rejected = "; rejected by the API" if token.rejected else ""
    yield "token", f"{token.fingerprint}, {state} {span(token.remaining)}{rejected}"
    yield "expires", _moment(token.expires_at, now)
    yield "minted", f"{_moment(token.issued_at, now)} by {token.by or 'somebody'}"
    yield "because", _BECAUSE[token.reason]
    if token.scope:
        yield "scope", token.scope


def _budget(budget: BudgetStatus, now: float) -> Iterator[tuple[str, str]]:
    yield "budget", f"{budget.limit} per {budget.per}: {budget.used} used, {budget.left} left"
    # Where something is left of a rolling window, the next request is allowed at this moment.
    if not budget.left or budget.resets_at > now:
        yield "resets", _moment(budget.resets_at, now)
    if ahead := budget.forecast:
        needed = f"{ahead.needed} will be needed, {ahead.left} left"
        lasts = "it lasts"
        if ahead.runs_out_at is not None:
            lasts = f"it runs out {_moment(ahead.runs_out_at, now)}"
        yield "forecast", f"{needed}: {lasts}"


def _mints(mints: tuple[Mint, ...], now: float, *, plain: bool) -> Table:
    table = Table(box=None if plain else box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("last mints", "", "why", "by", "outcome", "lifetime"):
        table.add_column(name)
    for mint in reversed(mints):
        lifetime = span(mint.lifetime) if mint.lifetime else ""
        cells = (utc(mint.at), distance(mint.at, now), mint.reason, mint.by, mint.outcome, lifetime)
        table.add_row(*map(Text, cells))
    return table


def _moment(moment: float, now: float) -> str:
    return f"{utc(moment)} ({distance(moment, now)})"
