"""The group of all commands; each is imported when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from mintonce.cli.errors import FAILED, end, told

_COMMANDS = ("token", "exec", "status", "forget", "serve", "demo")
"""Each is the object ``command`` in the module of its name, in the order of the help text."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"mintonce.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    # Everything that can go wrong does so in one of these two.
    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with told():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with told():
            return super().invoke(ctx)


@click.group(
    "mintonce",
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Exit codes:
  0  done
  1  the authorization server refused or cannot be reached, or a demo broke a promise
  2  usage
  3  the budget is exhausted
  4  the store
""",
)
@click.version_option(package_name="mintonce", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Mint an access token once, and let every shell, script and service share it.

    Tokens are kept in a store, together with the count of the token requests, so that no command
    asks for a token while there is a usable one, or more often than the budget allows.
    """
    # Before a token is minted that nobody could see. What `exec` runs may have nothing to print.
    if sys.stdout is None and context.invoked_subcommand != "exec":
        end(FAILED, "standard output is closed")
