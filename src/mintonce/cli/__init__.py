"""The ``mintonce`` command. It comes with the extra ``cli``; what it needs is imported on use."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line of this process."""
    try:
        from mintonce.cli.commands import cli  # noqa: PLC0415 - click may not be installed
    except ModuleNotFoundError as missing:
        if missing.name != "click":
            raise
        sys.stderr.write("mintonce: it needs click: install mintonce with its extra 'cli'\n")
        sys.exit(2)
    # Names of files and clients may have letters that the terminal does not.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="mintonce")
