"""``python -m benchmarks``: run all, or those that are named, and print one table."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from benchmarks.figures import Figure, as_markdown, as_text, machine

_ALL = (
    "hot_path",
    "crowd",
    "cold_fleet",
    "short_lived",
    "import_time",
    "command_line",
    "killed_holder",
    "outage",
    "traffic",
    "managers",
    "calls",
    "tenants",
)


def main() -> None:
    """Read the command line, measure, and show what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(_ALL)}")
    parser.add_argument("--markdown", action="store_true", help="print the table of README.md")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    if unknown := set(options.names) - set(_ALL):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    figures = list(_measured(options.names or _ALL))
    table = as_markdown(figures) if options.markdown else as_text(figures)
    sys.stdout.write(f"{machine()}\n\n{table}\n")
    if options.json:
        members = [figure.members() for figure in figures]
        options.json.write_text(json.dumps({"machine": machine(), "figures": members}, indent=2))


def _measured(names: Iterable[str]) -> Iterator[Figure]:
    for name in names:
        sys.stderr.write(f"{name} ...\n")
        yield from asyncio.run(import_module(f"benchmarks.{name}").measure())


if __name__ == "__main__":
    main()
