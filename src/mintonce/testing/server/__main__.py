"""``python -m mintonce.testing.server``: an authorization server for development."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress

from mintonce.testing.server.alone import run
from mintonce.testing.server.authorization import DEVELOPMENT_CLIENT, AuthorizationServer


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and serve; the first line printed is JSON, when it is ready."""
    ((client_id, secret),) = DEVELOPMENT_CLIENT.items()
    parser = argparse.ArgumentParser(
        prog="python -m mintonce.testing.server",
        description="An OAuth 2.0 authorization server on loopback, for development. The client's "
        f"secret is read from MINTONCE_CLIENT_SECRET; unset, it is {secret!r}.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--lifetime", type=int, default=3600, help="seconds that a token lives")
    parser.add_argument("--quota", type=int, help="tokens to be issued in all")
    parser.add_argument("--quota-headers", action="store_true", help="tell what is left of it")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds until an answer")
    parser.add_argument("--client-id", default=client_id, help="default: %(default)s")
    options = vars(parser.parse_args(arguments))
    clients = {options.pop("client_id"): os.environ.get("MINTONCE_CLIENT_SECRET", secret)}
    with suppress(KeyboardInterrupt):
        asyncio.run(run(AuthorizationServer(clients=clients, **options)))


if __name__ == "__main__":
    main()
