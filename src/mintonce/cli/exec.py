"""``mintonce exec``: run a command that finds an access token in its environment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click

from mintonce.cli.connection import Connection, connected
from mintonce.cli.errors import NOT_EXECUTABLE, NOT_FOUND, end
from mintonce.cli.secret import VARIABLE
from mintonce.cli.token import validity_option


@click.command("exec", context_settings={"allow_interspersed_args": False})
@validity_option
@connected
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def command(connection: Connection, *, min_validity: float, command: tuple[str, ...]) -> None:
    """Run a command with an access token.

    COMMAND finds the token in the environment variable MINTONCE_ACCESS_TOKEN. It takes the place of
    this process: its signals and its exit code are its own. It does not see the client secret. The
    token is not renewed while it runs, so ask for one that is good for long enough
    (--min-validity).
    """
    if shutil.which(command[0]) is None:
        if os.sep in command[0] and Path(command[0]).exists():
            end(NOT_EXECUTABLE, f"{command[0]}: permission denied")
        end(NOT_FOUND, f"{command[0]}: command not found")
    token = connection.token(min_validity)
    environment = {**os.environ, "MINTONCE_ACCESS_TOKEN": token.access_token}
    environment.pop(VARIABLE, None)
    try:
        _become(command, environment)
    except OSError as error:
        end(NOT_EXECUTABLE, f"{command[0]}: {error.strerror}")


def _become(command: tuple[str, ...], environment: dict[str, str]) -> NoReturn:
    if os.name != "posix":
        # Elsewhere exec would give the shell its prompt back while the command still runs.
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603 - it is what the user asks for
    # Python ignores these, and what is ignored stays so in the command.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execvpe(command[0], command, environment)  # noqa: S606 - it is what the user asks for
