"""Real processes that share one file store: started together, told what to do, paused, killed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Self

from asking import CLIENT_ID, SECRET
from mintonce.testing import AuthorizationServer

PATIENCE = 30.0
"""Seconds that a worker may take for anything; only a worker that hangs takes so many."""


class Gone(Exception):
    """The worker ended before it answered."""


@dataclass(eq=False)
class Worker:
    """One process of the fleet, as its parent knows it."""

    PROGRAM: ClassVar = Path(__file__).with_name("worker.py")

    process: Process
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _waiting: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _listener: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, order: dict[str, Any], *, env: dict[str, str] | None = None) -> Self:
        """Start a process and return once its manager stands."""
        # Not the directory of this file first on its path: the workers import what is installed.
        command = (sys.executable, "-P", str(cls.PROGRAM))
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=env)
        worker = cls(process)
        ready = worker._expect(0)
        worker._listener = asyncio.create_task(worker._listen())
        worker._write(order)
        await ready
        return worker

    def ask(self, do: str, **options: Any) -> asyncio.Future[dict[str, Any]]:
        """Tell the worker to do something; await the result for its answer."""
        number = next(self._numbers)
        self._write({"number": number, "do": do, **options})
        return self._expect(number)

    async def token(self, **options: Any) -> str:
        """Have the worker get a token, and return its fingerprint."""
        answer = await self.ask("get", **options)
        assert "raised" not in answer, answer
        (token,) = answer["tokens"]
        return str(token)

    def send_signal(self, number: signal.Signals) -> None:
        """Pause the process, let it go on, or kill it."""
        self.process.send_signal(number)

    async def close(self) -> int:
        """Let the process end in good order, and return its exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        return await self._ended()

    async def kill(self) -> None:
        """End the process as a power failure would, unless it has ended."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self._ended()

    async def _ended(self) -> int:
        if self._listener:
            await self._listener
        return await self.process.wait()

    def _expect(self, number: int) -> asyncio.Future[dict[str, Any]]:
        waiting = asyncio.get_running_loop().create_future()
        # Nobody may be waiting for a worker that is killed.
        waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._waiting[number] = waiting
        return waiting

    def _write(self, line: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(line).encode() + b"\n")

    async def _listen(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self._hear(json.loads(line))
        for waiting in self._waiting.values():
            waiting.set_exception(Gone("the worker ended before it answered"))

    def _hear(self, reply: dict[str, Any]) -> None:
        self._waiting.pop(reply.pop("number")).set_result(reply)


@asynccontextmanager
async def fleet(
    server: AuthorizationServer, directory: Path, number: int, **order: Any
) -> AsyncIterator[list[Worker]]:
    """So many workers, ready to ask `server`, with one store in `directory`.

    Further options: ``wall``, for a clock that is turned by hand; ``budget``, per month; ``warm``,
    to import beforehand what a mint needs; ``options`` of the manager. The secret is in a file
    beside the store: `secret_of`.
    """
    order |= order_of(server, directory)
    workers: list[Worker] = []
    async with asyncio.timeout(PATIENCE):
        try:
            workers += await asyncio.gather(*(Worker.start(order) for _ in range(number)))
            yield workers
        finally:
            await asyncio.gather(*(worker.kill() for worker in workers))


def order_of(server: AuthorizationServer, directory: Path) -> dict[str, str]:
    """What a worker has to know in any case; the secret is written down for it."""
    secret = secret_of(directory)
    if not secret.exists():
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text(SECRET, "utf-8")
    return {
        "token_url": server.token_url,
        "client_id": CLIENT_ID,
        "secret_file": str(secret),
        "directory": str(directory),
    }


def secret_of(directory: Path) -> Path:
    """The file from which the workers with this store read the client's secret."""
    return directory.with_name(f"{directory.name}-secret")
