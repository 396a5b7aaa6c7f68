"""The documentation tells the truth: its code runs, as printed, against a real server.

CONTRIBUTING.md says how to write examples. The addresses and the directory that they show are
exchanged for those of this run, and nothing else is.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
import subprocess
import sysconfig
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import CO_COROUTINE
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from mintonce.testing import AuthorizationServer

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
FENCE = re.compile(
    r"^(?:<!-- skip: *(?P<skip>.*?) *-->\n+)?"
    r" *(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^ *(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^\$ (?P<command>mintonce\b.*(?:(?<=\\)\n.*)*)", re.MULTILINE)
# A fence of these kinds is not run and needs no reason. Python in any other disguise would escape.
NOT_CODE = {"text", "json", "toml", "ini", "yaml", "dockerfile", "{eval-rst}", "{toctree}"}
RUN = {"python", "console"}
SKIPS_AT_MOST = 5
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


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """An authorization server in a thread of its own, so that examples may run any loop."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(AuthorizationServer(clients=CLIENT)) as server,
    ):
        yield server


@pytest.fixture
def environment(
    server: AuthorizationServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment that the examples and the commands find."""
    ((client_id, client_secret),) = CLIENT.items()
    for name, value in {
        "CLIENT_SECRET": client_secret,
        "HOME": str(tmp_path),
        "MINTONCE_CLIENT_ID": client_id,
        "MINTONCE_CLIENT_SECRET": client_secret,
        "MINTONCE_TOKEN_URL": server.token_url,
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_examples_of_a_page_run(
    page: Path, server: AuthorizationServer, tmp_path: Path
) -> None:
    """Every Python block and every ``$ mintonce`` line of the page does its work."""
    replacements = {
        "https://auth.example.com": server.url,
        "https://api.example.com": server.url,
        "/var/lib/orders": str(tmp_path / "orders"),
    }
    with asyncio.Runner() as runner:
        Example(page, replacements).run(runner)


def test_no_code_escapes_the_runner() -> None:
    """Every fence says what it holds, in a word of which it is known whether it runs."""
    unknown = [
        f"{name_of(page)}:{block.line} {block.info!r}"
        for page in PAGES
        for block in blocks_of(page)
        if block.info.split(" ")[0] not in RUN | NOT_CODE
    ]
    assert [] == unknown
    assert [] == [name_of(page) for page in PAGES if "{code-block}" in page.read_text("utf-8")]


def test_few_blocks_are_skipped_and_each_says_why() -> None:
    """A block that cannot run is the exception, and gives its reason."""
    reasons = [block.skip for page in PAGES for block in blocks_of(page) if block.skip is not None]
    assert all(len(reason.split()) >= 3 for reason in reasons), reasons
    assert len(reasons) <= SKIPS_AT_MOST
