"""The ``mintonce`` command as users run it: as a real process, or quickly in this one."""

from __future__ import annotations

import json
import logging
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal
from click.testing import CliRunner

from asking import CLIENT_ID, CLIENTS, SECRET
from mintonce.cli.commands import cli
from mintonce.testing import AuthorizationServer

SCRIPT = str(Path(sys.executable).with_name("mintonce"))


@contextmanager
def served(**options: Any) -> Iterator[AuthorizationServer]:
    """A server in a thread of its own, so that a test can wait for a command."""
    with start_blocking_portal() as portal:
        server = AuthorizationServer(clients=CLIENTS, **options)
        with portal.wrap_async_context_manager(server):
            yield server


@dataclass(frozen=True)
class Finished:
    """What a command left."""

    code: int | None
    out: str
    err: str


@dataclass(frozen=True)
class User:
    """Somebody with a home directory, who has set what ``mintonce`` needs."""

    home: Path
    token_url: str = "https://auth.test/oauth/token"

    @property
    def store(self) -> Path:
        """Where tokens are kept unless something else is said."""
        return self.home / ".local" / "state" / "mintonce"

    def settings(self, **changes: str | None) -> dict[str, str | None]:
        """The variables for ``mintonce``; None takes one away."""
        return {
            "HOME": str(self.home),
            "XDG_STATE_HOME": None,
            "MINTONCE_TOKEN_URL": self.token_url,
            "MINTONCE_CLIENT_ID": CLIENT_ID,
            "MINTONCE_CLIENT_SECRET": SECRET,
            **changes,
        }

    def environment(self, **changes: str | None) -> dict[str, str]:
        """All variables of a process."""
        changed = {**os.environ, **self.settings(**changes)}
        return {name: value for name, value in changed.items() if value is not None}

    def run(self, *arguments: str, stdin: str | None = None, **changes: str | None) -> Finished:
        """Run the installed command."""
        done = subprocess.run(
            [SCRIPT, *arguments],
            env=self.environment(**changes),
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def run_closed(self, stream: int, *arguments: str) -> Finished:
        """Run the installed command by a shell that closes one of its standard streams."""
        shell = ["sh", "-c", f'exec "$@" {stream}>&-', "sh", SCRIPT, *arguments]
        done = subprocess.run(
            shell, env=self.environment(), capture_output=True, text=True, check=False, timeout=60
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **changes: str | None) -> subprocess.Popen[str]:
        """Start the installed command."""
        return subprocess.Popen(
            [SCRIPT, *arguments],
            env=self.environment(**changes),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run_on_a_terminal(self, *arguments: str) -> Finished:
        """Run the installed command where people sit before it."""
        mine, its = pty.openpty()
        environment = self.environment(TERM="xterm", COLUMNS="100", NO_COLOR=None)
        with subprocess.Popen([SCRIPT, *arguments], env=environment, stdout=its) as process:
            os.close(its)
            written = b""
            # Linux answers with an error where the other end is closed, others with nothing.
            with suppress(OSError):
                while piece := os.read(mine, 1 << 16):
                    written += piece
        os.close(mine)
        return Finished(process.returncode, written.decode(), "")

    def call(self, *arguments: str, stdin: str | None = None, **changes: str | None) -> Finished:
        """Run the command in this process, which takes a tenth of the time."""
        with _logging_kept():
            result = CliRunner(env=self.settings(**changes)).invoke(cli, arguments, input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Finished(result.exit_code, result.stdout, result.stderr)


@contextmanager
def _logging_kept() -> Iterator[None]:
    logger = logging.getLogger("mintonce")
    level, handlers = logger.level, logger.handlers[:]
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers


def wait_for_expiry(user: User) -> None:
    """Look at the token until it has expired; its lifetime is a second."""
    deadline = time.monotonic() + 20
    while json.loads(user.call("status", "--json").out)["token"]["remaining"] >= 0:
        assert time.monotonic() < deadline
