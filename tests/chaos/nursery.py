"""A process that forks others, and kills or stops them: to fork takes a hundredth of a start.

It does what it is told on standard input, a JSON object a line. Its children report on the same
standard output as it answers on, so what one had reported by its death is read before the news of
its death.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import sys
import time
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from chaos.offspring import JOBS, in_child, is_reserved, tell
from mintonce.stores import open_store

PATIENCE = 20.0  # seconds until a child has to be where it is to be stopped
STEP = 0.000_05  # seconds for which it goes on before it is stopped again
GROWTH = 1.1  # of each step: on a busy machine it does not get to run in so short a time


class Nursery:
    """What can be told to this process; each answer is the method's result."""

    def __init__(self, *, warm: bool, store: str | None) -> None:
        self._children = set[int]()
        if store:
            open_store(store)
        if warm:
            for name in ("asking", "books", "minting", "credentials.endpoint", "stores.locked"):
                import_module(f"mintonce.{name}")

    def start(self, job: str, children: int, order: dict[str, Any]) -> dict[str, Any]:
        """Fork so many children for a job."""
        pids = list[int]()
        for _ in range(children):
            pid = os.fork()
            if pid == 0:
                in_child(lambda: JOBS[job](order))
            pids.append(pid)
        self._children.update(pids)
        return {"pids": pids}

    def kill(self, pid: int) -> dict[str, Any]:
        """Kill a child, and return when it is dead."""
        at = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        self._wait(pid)
        return {"at": at}

    def halt(
        self, pid: int, store: str, *, reserved: bool = False, locked: bool = False
    ) -> dict[str, Any]:
        """Stop a child where it holds no lock of a file, or where it does.

        It goes on for a moment and is stopped again, until it is there. On request this begins
        once a mint is reserved.
        """
        directory, give_up_at = Path(store), time.monotonic() + PATIENCE
        while reserved and not is_reserved(directory) and time.monotonic() < give_up_at:
            pass
        step = STEP
        while time.monotonic() < give_up_at:
            os.kill(pid, signal.SIGSTOP)
            _, status = os.waitpid(pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                self._children.discard(pid)
                return {"late": f"{pid} has ended"}
            if locked == any(map(is_locked, directory.glob("*.lock"))):
                return {}
            os.kill(pid, signal.SIGCONT)
            select.select((), (), (), step)
            step *= GROWTH
        return {"late": f"{pid} reserves nothing, or does not let go of a lock"}

    def resume(self, pid: int) -> dict[str, Any]:
        """Let a child go on that was stopped."""
        os.kill(pid, signal.SIGCONT)
        return {}

    def reap(self, pids: list[int]) -> dict[str, Any]:
        """Wait until these children have ended; how many did not end well."""
        return {"failed": sum(self._wait(pid) != 0 for pid in pids)}

    def end(self) -> None:
        """Kill whoever is left."""
        for pid in sorted(self._children):
            with suppress(ProcessLookupError, ChildProcessError):
                self.kill(pid)

    def _wait(self, pid: int) -> int:
        _, status = os.waitpid(pid, 0)
        self._children.discard(pid)
        return os.waitstatus_to_exitcode(status)


def is_locked(path: Path) -> bool:
    """Whether somebody holds this lock."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def main() -> None:
    """Obey until there is nothing more to read; then let nobody live on."""
    warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)  # to fork is the point here
    nursery = Nursery(**json.loads(sys.stdin.readline()))
    tell(number=0)
    try:
        for line in sys.stdin:
            order = json.loads(line)
            number, do = order.pop("number"), order.pop("do")
            tell(number=number, **getattr(nursery, do)(**order))
    finally:
        nursery.end()


if __name__ == "__main__":
    main()
