"""The result of the demo: a table for people, JSON for programs."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich import box
from rich.console import Console
from rich.table import Table

from mintonce.cli.demo_run import BUDGET, LIFETIME, Plan, Result
from mintonce.cli.demo_verdict import Part, least


def introduce(plan: Plan) -> None:
    """Say what is about to happen."""
    workers, tasks = plan.workers, plan.tasks
    click.echo(f"{workers} processes with {tasks} tasks each need tokens, which live {LIFETIME} s.")
    click.echo(f"The authorization server allows {BUDGET} token requests a month.")
    click.echo(f"{plan.kills} of the processes are killed on the way and started again.")


def show(result: Result, console: Console) -> None:
    """Print the table, and what became of each promise."""
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    table.add_column()
    for name in ("one store for all", "each for itself"):
        table.add_column(name, justify="right")
    shared, alone = _rows(result.shared), _rows(result.alone)
    for name, value in shared.items():
        table.add_row(name, value, alone[name])
    console.print(table)
    for promise in result.promises:
        state = "[green]kept[/]  " if promise.kept else "[red]BROKEN[/]"
        console.print(f"{state}  {promise.promise}:", highlight=False, soft_wrap=True)
        console.print(f"        {promise.found}", highlight=False, soft_wrap=True)
    first, second = result.shared.count.requests, result.alone.count.requests
    goal = result.shared.tally.goal
    sentence = (
        f"Sharing one store: {first} token requests for {goal} tasks. Each for itself: {second}."
    )
    console.print(sentence, highlight=False, soft_wrap=True)


def _rows(part: Part) -> dict[str, str]:
    tally = part.tally
    return {
        "tokens handed out": str(tally.tokens),
        "token requests, by the server's count": str(part.count.requests),
        "processes killed": str(tally.killed),
        "restarts": str(tally.restarts),
        "errors": str(len(tally.errors)),
        "seconds": f"{part.seconds:.1f}",
    }


def as_json(result: Result) -> dict[str, object]:
    """The same for a machine; new members may come."""
    return {
        "kept": result.kept,
        "promises": [asdict(promise) for promise in result.promises],
        "budget": BUDGET,
        "lifetime": LIFETIME,
        "shared": _members(result.shared),
        "alone": _members(result.alone),
        "seconds": round(result.seconds, 2),
    }


def _members(part: Part) -> dict[str, object]:
    return {
        "tokens": part.tally.tokens,
        "requests": part.count.requests,
        "least": least(part, LIFETIME),
        "killed": part.tally.killed,
        "restarts": part.tally.restarts,
        "errors": part.tally.errors,
        "calls": part.count.calls,
        "rejections": part.count.rejections,
        "seconds": round(part.seconds, 2),
    }
