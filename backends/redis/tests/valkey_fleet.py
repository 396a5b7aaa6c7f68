"""Valkey servers that belong together: a cluster, and a master that a sentinel watches over."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from valkey_server import ValkeyServer

HOST = "127.0.0.1"
_SLOTS = 16384
_QUICK = ("--bind", HOST, "--repl-diskless-sync-delay", "0")
_PATIENCE = 20.0  # seconds
_PACE = 0.02  # seconds between two looks


def free_port() -> int:
    """A port that nobody uses, a moment ago at least."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], object]) -> None:
    """Return as soon as the condition holds."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, "the servers do not find together"
        with suppress(TimeoutError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nobody:
            nobody.settimeout(_PACE)
            nobody.bind("")
            nobody.recv(1)


class Node(ValkeyServer):
    """A server that can be reached on a port as well; `port` is known when it runs."""

    port: int = 0

    def start(self) -> None:
        """Start it on a port of its own, and later on the same."""
        if self.port:
            super().start()
            return
        options = self._options
        for attempt in range(10):
            self.port = free_port()
            self._options = (*options, "--port", str(self.port), *self._bus())
            try:
                super().start()
            except AssertionError:  # somebody was faster to take the port
                assert attempt < 9
            else:
                return

    def _bus(self) -> tuple[str, ...]:
        clustered = "--cluster-enabled" in self._options
        return ("--cluster-port", str(free_port())) if clustered else ()


class ValkeyCluster:
    """Three nodes that share the keys, and a replica of the first.

    Args:
        directory: Where they keep their data.

    """

    def __init__(self, directory: Path) -> None:
        self.nodes: list[Node] = []
        for number in range(4):
            place = directory / str(number)
            place.mkdir()
            options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "800")
            self.nodes.append(Node(place, *_QUICK, *options))

    @property
    def url(self) -> str:
        """Where a store finds it: one node is enough."""
        return f"redis+cluster://{HOST}:{self.nodes[1].port}"

    def start(self) -> None:
        """Start all nodes, and return when they agree."""
        for node in self.nodes:
            node.start()
        masters = self.nodes[:3]
        for number, node in enumerate(masters):
            first, last = number * _SLOTS // 3, (number + 1) * _SLOTS // 3 - 1
            node.ask("CLUSTER", "ADDSLOTSRANGE", str(first), str(last))
        for node in self.nodes[1:]:
            node.ask("CLUSTER", "MEET", HOST, str(self.nodes[0].port), self.bus(self.nodes[0]))
        until(lambda: all(b"cluster_state:ok" in n.ask("CLUSTER", "INFO") for n in masters))
        until(lambda: b"known_nodes:4" in self.nodes[3].ask("CLUSTER", "INFO"))
        until(lambda: self.nodes[3].ask("CLUSTER", "REPLICATE", self.id(masters[0])) == b"+OK\r\n")
        until(lambda: b"master_link_status:up" in self.nodes[3].ask("INFO", "replication"))

    def kill(self) -> None:
        """End all nodes."""
        for node in self.nodes:
            node.kill()

    def bus(self, node: Node) -> str:
        """The port on which nodes talk to each other."""
        return node._options[-1]

    def id(self, node: Node) -> str:
        """The name of a node."""
        return node.ask("CLUSTER", "MYID").split(b"\r\n")[1].decode()

    def owner(self, key: str) -> Node:
        """The node that keeps a key of a store."""
        return self.nodes[(self.slot(key) * 3 + 2) // _SLOTS]  # their ranges begin rounded down

    def slot(self, key: str) -> int:
        """The slot of a key of a store."""
        return int(self.nodes[0].ask("CLUSTER", "KEYSLOT", f"mintonce:{key}")[1:])


class Watched:
    """A master with a replica, and a sentinel that lets the one follow the other.

    Args:
        directory: Where they keep their data.

    """

    def __init__(self, directory: Path) -> None:
        for name in ("a", "b", "s"):
            (directory / name).mkdir()
        self.master = Node(directory / "a", *_QUICK)
        self.replica = Node(directory / "b", *_QUICK)
        self._settings = directory / "s" / "sentinel.conf"
        self.sentinel = Sentinel(directory / "s", str(self._settings), "--sentinel")

    @property
    def url(self) -> str:
        """Where a store finds the sentinel; the first one that it names is not there."""
        return f"redis+sentinel://{HOST}:1,{HOST}:{self.sentinel.port}/orders/0"

    def start(self) -> None:
        """Start all, and return when the sentinel knows the others."""
        self.master.start()
        self.replica.start()
        self.replica.ask("REPLICAOF", HOST, str(self.master.port))
        until(lambda: b"master_link_status:up" in self.replica.ask("INFO", "replication"))
        self._settings.write_text(
            f"sentinel monitor orders {HOST} {self.master.port} 1\n"
            "sentinel down-after-milliseconds orders 300\n"
            "sentinel failover-timeout orders 2000\n"
        )
        self.sentinel.start()
        until(lambda: b"slaves=1" in self.sentinel.ask("INFO", "sentinel"))

    def kill(self) -> None:
        """End all."""
        for server in (self.sentinel, self.master, self.replica):
            server.kill()


class Sentinel(Node):
    """A sentinel, whose settings are in a file that it writes itself."""

    def _command(self) -> list[str]:
        settings, sentinel, *options = self._options
        return [settings, sentinel, *("--unixsocket", str(self.path)), *options]


@contextmanager
def started(fleet: ValkeyCluster | Watched) -> Iterator[None]:
    """Have these servers run in the block."""
    try:
        fleet.start()
        yield
    finally:
        fleet.kill()
