"""What a command answers when something goes wrong: one line, and an exit code."""

from __future__ import annotations

import os
import sys
from asyncio import CancelledError
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import click
from click.exceptions import NoArgsIsHelpError

from mintonce.errors import BudgetExhausted, MintonceError, StoreError, UsageError

FAILED, USAGE, EXHAUSTED, STORE = 1, 2, 3, 4
NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""What a shell returns for a command that it cannot run."""

_INTERRUPTED, _BROKEN_PIPE = 130, 141
"""What a shell returns for a command that SIGINT or SIGPIPE ended."""

_EXTRA = {"rich"}
_CODES: Mapping[type[Exception], int] = {
    UsageError: USAGE,
    BudgetExhausted: EXHAUSTED,
    StoreError: STORE,
}


@contextmanager
def told() -> Generator[None]:
    """Turn whatever is raised into one line on standard error and an exit code."""
    try:
        yield
    except click.ClickException as error:
        _end_by_click(error)
    except MintonceError as error:
        end(_code(error), str(error))
    except (KeyboardInterrupt, CancelledError, click.Abort):
        sys.exit(_INTERRUPTED)
    except OSError as error:
        _end_by_system(error)
    except ModuleNotFoundError as missing:
        if missing.name not in _EXTRA:
            raise
        end(USAGE, f"it needs {missing.name}: install mintonce with its extra 'cli'")


def end(code: int, message: str) -> NoReturn:
    """Say what is wrong in one line, and leave."""
    warn(" ".join(message.split()))
    sys.exit(code)


def warn(message: str) -> None:
    """Write one line to standard error."""
    click.echo(f"mintonce: {message}", err=True)


def _code(error: MintonceError) -> int:
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), FAILED)


def _end_by_click(error: click.ClickException) -> NoReturn:
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        sys.exit(error.exit_code)
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f" (see {context.command_path} --help)" if context else ""
    end(error.exit_code, error.format_message() + hint)


def _end_by_system(error: OSError) -> NoReturn:
    # What is still to be written cannot be, and Python would complain of that once again at exit.
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        sys.exit(_BROKEN_PIPE)
    end(FAILED, f"{error.strerror}: {error.filename or 'standard output'}")
