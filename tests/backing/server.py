"""A real server that stores talk to, as the tests of its backend start it."""

from __future__ import annotations

import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar


class StoreServer(ABC):
    """A server on a Unix socket, in a directory of its own; what it confirmed survives a kill.

    Args:
        directory: Where it keeps its data and its socket. The path is short: systems allow a
            hundred characters for that of a socket.
        options: What is added to its command line.

    Attributes:
        NAME: What people call the server.
        SOCKET: The file name of the socket.
        END: The signal that ends it in good order.

    """

    NAME: ClassVar[str]
    SOCKET: ClassVar[str]
    END: ClassVar[signal.Signals]

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def path(self) -> Path:
        """Its socket."""
        return self.directory / self.SOCKET

    @abstractmethod
    def url(self, directory: Path | None = None) -> str:
        """The URL by which a store finds it, or finds it through a socket elsewhere."""

    @abstractmethod
    async def commands(self) -> int:
        """How many commands or statements clients have sent it so far, as it counts them."""

    @abstractmethod
    def connections(self) -> int:
        """How many clients are connected, apart from the one that asks."""

    @abstractmethod
    def start(self) -> None:
        """Start it, and return when it answers."""

    @abstractmethod
    def cut(self) -> None:
        """Cut the connections of all clients."""

    def stop(self) -> None:
        """End it in good order, and return when it has ended."""
        self._end(self.END)

    def kill(self) -> None:
        """End it as a power failure would, with all its children; nothing if it has ended."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Stop it where it is, with all its children."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on that was paused."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)

    @abstractmethod
    def _end(self, number: signal.Signals) -> None:
        """End it with this signal, if it has not ended."""
