"""The server as a process of its own, until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

from mintonce.testing.server.authorization import AuthorizationServer


def as_json(server: AuthorizationServer) -> str:
    """One line that says where the server is and for whom, and no secret.

    Whoever started the process waits for this line, and then knows the port.
    """
    facts = {
        "url": server.url,
        "token_url": server.token_url,
        "resource_url": server.resource_url,
        "client_id": next(iter(server.rules.clients), None),
    }
    return json.dumps(facts)


def _print(server: AuthorizationServer) -> None:
    sys.stdout.write(as_json(server) + "\n")
    sys.stdout.flush()


async def run(
    server: AuthorizationServer, *, announce: Callable[[AuthorizationServer], object] = _print
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        server: The server, not started yet.
        announce: Called with the server once it listens; without it, a line of JSON is printed.

    """
    told = asyncio.Event()
    with _signals(told.set):
        async with server:
            announce(server)
            await told.wait()


@contextmanager
def _signals(call: Callable[[], object]) -> Generator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    # Windows cannot do this; there Ctrl-C cancels whatever runs.
    with suppress(NotImplementedError):
        for number in numbers:
            loop.add_signal_handler(number, call)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for number in numbers:
                loop.remove_signal_handler(number)
