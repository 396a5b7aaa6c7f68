"""Starts the programs of `benchmarks.programs`, talks to them, and measures what they cost."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from mintonce.testing.server import DEVELOPMENT_CLIENT

_ROOT = Path(__file__).parents[1]
((_CLIENT_ID, _CLIENT_SECRET),) = DEVELOPMENT_CLIENT.items()

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")])),
    # Compiled files are used and kept, as they are wherever a package is installed.
    "PYTHONDONTWRITEBYTECODE": "",
    "MINTONCE_CLIENT_ID": _CLIENT_ID,
    "MINTONCE_CLIENT_SECRET": _CLIENT_SECRET,
}


def python(code: str, *arguments: str) -> Sequence[str]:
    """The command that runs `code`."""
    return sys.executable, "-c", code, *arguments


def program(name: str, *arguments: str) -> Sequence[str]:
    """The command that runs one of `benchmarks.programs`, or ``module.program`` beside it."""
    module, _, function = name.rpartition(".")
    module = module or "programs"
    return python(f"from benchmarks import {module}; {module}.{function}()", *arguments)


@dataclass(frozen=True, slots=True)
class Program:
    """One of `benchmarks.programs` at work in a process of its own."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, name: str, *arguments: str) -> Self:
        """Start it, and return when it has all its imports and waits to be told."""
        started = cls(
            await asyncio.create_subprocess_exec(
                *program(name, *arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=ENVIRONMENT,
            )
        )
        await started.heard()
        return started

    def go(self) -> None:
        """Tell it to begin."""
        if self.process.stdin:
            self.process.stdin.write(b"\n")

    async def heard(self) -> Any:
        """Return what it says next."""
        line = await self.process.stdout.readline() if self.process.stdout else b""
        if not line:
            raise RuntimeError("a program that is measured has failed; see above")
        return json.loads(line)

    async def end(self) -> None:
        """Tell it that nothing more is wanted, and wait until it has ended."""
        if self.process.stdin:
            self.process.stdin.close()
        await self.process.wait()

    def kill(self) -> None:
        """End it on the spot."""
        # Not with `Process.kill`, which may take the news of its end from those who wait for it.
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)


@asynccontextmanager
async def fleet(size: int, name: str, *arguments: str) -> AsyncGenerator[Sequence[Program], None]:
    """Start so many of one program; when all are ready they are told to begin at once."""
    programs = await asyncio.gather(*(Program.start(name, *arguments) for _ in range(size)))
    try:
        for each in programs:
            each.go()
        yield programs
    except BaseException:
        for each in programs:
            each.kill()
        raise
    finally:
        await asyncio.gather(*(each.end() for each in programs))


def cpu_seconds(command: Sequence[str], environment: Mapping[str, str] = ENVIRONMENT) -> float:
    """Run a command to its end, and return the CPU time that it took."""
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(command[0], [*command], environment, file_actions=silent)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"{command} failed")
    return usage.ru_utime + usage.ru_stime


class Costs:
    """The CPU time of several commands, taken in turns, so that a busy machine hits all alike."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)

    async def take(
        self,
        rounds: int,
        commands: Mapping[str, Sequence[str]],
        environment: Mapping[str, str] = ENVIRONMENT,
    ) -> Self:
        """Run each command so many times, and once before, for the compiled files."""
        for number in range(rounds + 1):
            for name, command in commands.items():
                seconds = await asyncio.to_thread(cpu_seconds, command, environment)
                if number:
                    self._seconds[name].append(seconds)
        return self

    def milliseconds(self, name: str, *, over: str) -> float:
        """The median by which one command costs more than another."""
        pairs = zip(self._seconds[name], self._seconds[over], strict=True)
        return 1000 * median(cost - base for cost, base in pairs)
