"""``mintonce demo``: what all this is for, shown on this machine within seconds."""

from __future__ import annotations

import asyncio
import json
import sys

import click

from mintonce.cli.options import json_option, option


@click.command("demo")
@option(
    "--workers",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Processes that need tokens; half of them are killed on the way.",
)
@option(
    "--tasks",
    type=click.IntRange(1, 10_000),
    default=250,
    show_default=True,
    help="Tasks in each of them.",
)
@json_option
@click.option("--broken", is_flag=True, hidden=True, help="Share nothing, to see it fail.")
def command(*, workers: int, tasks: int, as_json: bool, broken: bool) -> None:
    """See it at work on this machine.

    A fleet of processes shares one token, while some of them are killed and started again. An
    authorization server that allows 1000 tokens a month runs on loopback, and counts. The same load
    is then run with every process minting for itself. If a promise is broken, this says so and
    exits with 1. It needs no network and leaves nothing behind.
    """
    # They bring rich along, which no other command than this and status has to wait for.
    from mintonce.cli import demo_table  # noqa: PLC0415 - as said
    from mintonce.cli.demo_run import Plan, run  # noqa: PLC0415 - as said
    from mintonce.cli.demo_view import Silence, watched  # noqa: PLC0415 - as said

    plan = Plan(workers, tasks, broken=broken)
    if as_json:
        result = asyncio.run(run(plan, Silence()))
        click.echo(json.dumps(demo_table.as_json(result), indent=2))
    else:
        demo_table.introduce(plan)
        with watched() as (view, console):
            result = asyncio.run(run(plan, view))
        demo_table.show(result, console)
    sys.exit(not result.kept)
