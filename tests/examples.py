"""The code blocks of a page, and the world they run in. CONTRIBUTING.md says how to write them."""

from __future__ import annotations

import ast
import asyncio
import logging
import os
import re
import subprocess
import sysconfig
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import CO_COROUTINE
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from mintonce.testing import AuthorizationServer

ROOT = Path(__file__).parents[1]
FENCE = re.compile(
    r"^(?:<!-- skip: *(?P<skip>.*?) *-->\n+)?"
    r" *(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^ *(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^\$ (?P<command>mintonce\b.*(?:(?<=\\)\n.*)*)", re.MULTILINE)
# A fence of these kinds is not run and needs no reason. Python in any other disguise would escape.
NOT_CODE = {"text", "json", "toml", "ini", "yaml", "dockerfile", "sql", "{eval-rst}", "{toctree}"}
RUN = {"python", "console"}
CLIENT = {"orders-service": "the secret of the examples"}


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page."""

    info: str
    body: str
    line: int
    skip: str | None


@dataclass(frozen=True, slots=True)
class Example:
    """The world that the examples of one page run in."""

    page: Path
    replacements: dict[str, str]

    def run(self, runner: asyncio.Runner) -> None:
        """Run the blocks of the page one after another, in one namespace."""
        names: dict[str, object] = {"__name__": "__main__"}
        for block in blocks_of(self.page):
            if block.skip is None and block.info == "python":
                self._python(block, names, runner)
            elif block.skip is None and block.info == "console":
                self._console(block)

    def _python(self, block: Block, names: dict[str, object], runner: asyncio.Runner) -> None:
        padding = "\n" * (block.line - 1)  # so that a traceback points into the page
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        source = padding + self._real(block.body)
        code = compile(source, self.page, "exec", flags, dont_inherit=True)
        if code.co_flags & CO_COROUTINE:
            runner.run(eval(code, names))
        else:
            exec(code, names)

    def _console(self, block: Block) -> None:
        for match in COMMAND.finditer(self._real(block.body)):
            done = subprocess.run(
                match["command"],
                check=False,
                shell=True,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert 0 == done.returncode, (match["command"], done.stdout, done.stderr)

    def _real(self, text: str) -> str:
        for shown, real in self.replacements.items():
            text = text.replace(shown, real)
        return text


def blocks_of(page: Path) -> list[Block]:
    """Every fenced block of the page, in order."""
    text = page.read_text("utf-8")
    return [
        Block(
            info=match["info"].strip(),
            body=textwrap.dedent(match["body"]),
            line=text.count("\n", 0, match.start("body")) + 1,
            skip=match["skip"],
        )
        for match in FENCE.finditer(text)
    ]


def name_of(page: Path) -> str:
    """The page as the repository knows it."""
    return page.relative_to(ROOT).as_posix()


def escaping(page: Path) -> list[str]:
    """What of a page may be code and is not known to be run."""
    fences = [
        f"{name_of(page)}:{block.line} {block.info!r}"
        for block in blocks_of(page)
        if block.info.split(" ")[0] not in RUN | NOT_CODE
    ]
    hidden = "{code-block}" in page.read_text("utf-8")
    return [*fences, *([f"{name_of(page)}: a code-block"] if hidden else [])]


@dataclass(frozen=True, slots=True)
class World:
    """Where the examples find what they name.

    Args:
        directory: An empty directory.
        monkeypatch: Sets the environment, and puts it back.

    """

    directory: Path
    monkeypatch: pytest.MonkeyPatch

    def run(self, page: Path, replacements: dict[str, str] | None = None) -> None:
        """Run a page, with a server that it knows; the replacements are for what else it names."""
        with authorization_server() as server:
            self._prepare(server)
            known = {
                "https://auth.example.com": server.url,
                "https://api.example.com": server.url,
                "/var/lib/orders": str(self.directory / "orders"),
                **(replacements or {}),
            }
            with asyncio.Runner() as runner, handlers_as_they_were():
                Example(page, known).run(runner)

    def _prepare(self, server: AuthorizationServer) -> None:
        ((client_id, client_secret),) = CLIENT.items()
        for name, value in {
            "CLIENT_SECRET": client_secret,
            "HOME": str(self.directory),
            "MINTONCE_CLIENT_ID": client_id,
            "MINTONCE_CLIENT_SECRET": client_secret,
            "MINTONCE_TOKEN_URL": server.token_url,
            "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
            "XDG_STATE_HOME": str(self.directory / "state"),
        }.items():
            self.monkeypatch.setenv(name, value)
        self.monkeypatch.chdir(self.directory)


@contextmanager
def handlers_as_they_were() -> Iterator[None]:
    """Take away from the logger what an example adds to it."""
    logger = logging.getLogger("mintonce")
    before = logger.handlers[:]
    try:
        yield
    finally:
        logger.handlers[:] = before


@contextmanager
def authorization_server() -> Iterator[AuthorizationServer]:
    """A server in a thread of its own, so that examples may run any loop."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(AuthorizationServer(clients=CLIENT)) as server,
    ):
        yield server
