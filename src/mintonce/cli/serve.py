"""``mintonce serve``: an authorization server for development."""

from __future__ import annotations

import asyncio
import os
import shlex

import click

from mintonce import UsageError
from mintonce.cli.options import SECONDS, option
from mintonce.cli.secret import VARIABLE

_PORT = click.IntRange(0, 65_535)
_COUNT = click.IntRange(min=0)


@click.command("serve")
@option("--port", type=_PORT, default=0, metavar="NUMBER", help="Where to listen; 0 is any.")
@option("--lifetime", type=_COUNT, default=3600, show_default=True, help="Seconds a token lives.")
@option("--quota", type=_COUNT, metavar="NUMBER", help="Tokens to be issued in all; then 429.")
@option("--latency", type=SECONDS, default=0.0, metavar="SECONDS", help="Time until an answer.")
@option("--client-id", metavar="ID", help="The client that it knows.")
def command(*, client_id: str | None, **options: float | None) -> None:
    """Run a server for development.

    It is an OAuth 2.0 authorization server for client credentials, on loopback, until Ctrl-C. The
    client's secret is taken from MINTONCE_CLIENT_SECRET, if that is set. What the server knows
    ends with it.
    """
    # They bring aiohttp along, which takes longer to import than everything else.
    from mintonce.testing.server import (  # noqa: PLC0415 - as said
        DEVELOPMENT_CLIENT,
        AuthorizationServer,
        run,
    )

    ((known_id, known_secret),) = DEVELOPMENT_CLIENT.items()
    secret = os.environ.get(VARIABLE, known_secret)
    name = client_id or known_id
    server = AuthorizationServer(clients={name: secret}, **options)  # type: ignore[arg-type]  # the names are its own

    listening = False

    def announce(server: AuthorizationServer) -> None:
        nonlocal listening
        listening = True
        click.echo(f"# An authorization server listens at {server.url} until Ctrl-C. To use it:")
        click.echo(f"export MINTONCE_TOKEN_URL={server.token_url}")
        click.echo(f"export MINTONCE_CLIENT_ID={shlex.quote(name)}")
        if secret == known_secret:  # which is no secret
            click.echo(f"export {VARIABLE}={known_secret}")
        click.echo(f"# How many requests it has counted: {server.url}/stats")
        click.echo(f"# An API that takes its tokens: {server.resource_url}")

    try:
        asyncio.run(run(server, announce=announce))
    except OSError as error:
        if listening:
            raise
        reason = os.strerror(error.errno).lower() if error.errno else error
        raise UsageError(f"cannot listen at port {options['port']}: {reason}") from error
