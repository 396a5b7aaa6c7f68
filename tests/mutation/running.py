"""A plugin of pytest: collects the tests once, and runs them for each mutant in a fork.

mutmut starts a pytest of its own for each mutant, which takes longer than the tests do.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state

from mutation.mutants import Mutant

PATIENCE = 30.0
"""Seconds after which a test hangs: that is noticed too."""

Times = dict[str, dict[int, float]]
"""By the function that a test gets to: the number of the test, and the seconds that it takes."""


class Runner:
    """Finds out which mutants no test notices.

    Args:
        mutants: What to try.
        jobs: How many at a time.
        scratch: A directory for what the forks report.

    Attributes:
        survived: The mutants that no test notices.
        hung: Those that made a test hang.
        failed: What tests say that fail without any change; nothing was tried then.

    """

    def __init__(self, mutants: Iterable[Mutant], jobs: int, scratch: Path) -> None:
        self._mutants = mutants
        self._jobs = jobs
        self._times = scratch / "times.json"
        self._failed = scratch / "failed.json"
        self._scratch = scratch
        self._best: dict[str, list[int]] = {}  # the tests that noticed a mutant of the function
        self._running: dict[int, Mutant] = {}
        self.survived: list[Mutant] = []
        self.hung: list[Mutant] = []
        self.failed: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which test failed, and how."""
        if report.failed:
            self.failed[report.nodeid] = report.longreprtext

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests as they are first, and then for each mutant those that get there."""
        if session.testsfailed:
            return True  # pytest says itself what could not be collected
        session.config.pluginmanager.unregister(name="terminalreporter")
        if os.waitpid(_fork(partial(self._measure, session)), 0)[1]:
            self.failed = {"the run": "It did not come to an end."}
            if self._failed.exists():
                self.failed = json.loads(self._failed.read_text("utf-8"))
            return True
        times: Times = {
            function: {int(number): took for number, took in tests.items()}
            for function, tests in json.loads(self._times.read_text()).items()
        }
        for mutant in self._mutants:
            tests = times.get(mutant.name.partition("__mutmut_")[0], {})
            if len(self._running) >= self._jobs:
                self._wait()
            set_mutant_under_test(mutant.name)
            best = self._best.setdefault(mutant.function, [])
            order = [*best, *sorted(tests.keys() - best, key=lambda number: tests[number])]
            self._running[_fork(partial(self._run, session, order))] = mutant
        while self._running:
            self._wait()
        return True

    def _wait(self) -> None:
        pid, status = os.wait()
        mutant = self._running.pop(pid)
        if (noted := self._scratch / str(pid)).exists():
            best, number = self._best[mutant.function], int(noted.read_text())
            best[:] = [number, *(other for other in best if other != number)]
            noted.unlink()
        if status == 0:
            self.survived.append(mutant)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
            self.hung.append(mutant)

    def _measure(self, session: pytest.Session) -> bool:
        set_mutant_under_test("stats")
        times: Times = {}
        for number, item in enumerate(session.items):
            state()._stats.clear()
            started = time.monotonic()
            _run_one(session, item)
            took = time.monotonic() - started
            for function in state()._stats:
                times.setdefault(function, {})[number] = took
        self._times.write_text(json.dumps(times))
        if self.failed:
            self._failed.write_text(json.dumps(self.failed), "utf-8")
        return not session.testsfailed

    def _run(self, session: pytest.Session, order: list[int]) -> bool:
        """Run these tests until one fails."""
        # Each of its own: the first test that wants a directory clears away those that were there.
        os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.mkdtemp(dir=self._scratch)
        for number in order:
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)
            _run_one(session, session.items[number])
            if session.testsfailed:
                (self._scratch / str(os.getpid())).write_text(str(number))
                return False
        return True


def _run_one(session: pytest.Session, item: pytest.Item) -> None:
    session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def _fork(work: Callable[[], bool]) -> int:
    """Do it in another process, which ends with 0 where `work` says so."""
    if pid := os.fork():
        return pid
    passed = False
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        passed = work()
    finally:
        os._exit(not passed)
