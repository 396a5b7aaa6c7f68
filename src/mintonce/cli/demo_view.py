"""What the demo shows while it runs: bars on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from mintonce.cli.demo_fleet import Tally

_PLAIN_WIDTH = 100  # columns where there is no terminal


class View(Protocol):
    """Shows how a fleet gets on.

    Attributes:
        interval: Seconds after which it wants to hear again.

    """

    interval: float

    def show(self, name: str, tally: Tally, requests: int) -> None:
        """Show what the fleet called `name` has done so far."""
        ...


@contextmanager
def watched() -> Generator[tuple[View, Console]]:
    """Return what suits standard output, for as long as the demo runs."""
    console = Console()
    if not console.is_terminal:
        yield Lines(), Console(width=_PLAIN_WIDTH)
        return
    columns = TextColumn("{task.description}"), BarColumn(16), TextColumn("{task.fields[facts]}")
    with Progress(*columns, console=console) as progress:
        yield Bars(progress), console


class Silence:
    """Shows nothing, for programs that wait for the result."""

    interval: float = 1.0

    def show(self, name: str, tally: Tally, requests: int) -> None:
        """Show nothing."""


class Lines:
    """A line now and then, if there is news."""

    interval: float = 1.0

    def __init__(self) -> None:
        self._last = ""

    def show(self, name: str, tally: Tally, requests: int) -> None:
        """Print a line, unless it would be the last one again."""
        line = f"{name}: {_facts(tally, requests)}"
        if line != self._last:
            click.echo(line)
        self._last = line


class Bars:
    """A bar for each fleet.

    Args:
        progress: Where to draw them.

    """

    interval: float = 0.1

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def show(self, name: str, tally: Tally, requests: int) -> None:
        """Move the bar."""
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(name, total=tally.goal, facts="")
        facts = _facts(tally, requests)
        self._progress.update(self._bars[name], completed=tally.tokens, facts=facts)


def _facts(tally: Tally, requests: int) -> str:
    return f"{tally.tokens} of {tally.goal} tokens, requests: {requests}, killed: {tally.killed}"
