"""``mintonce token``: print an access token."""

from __future__ import annotations

import json
import time

import click

from mintonce import Token
from mintonce.cli.connection import Connection, connected
from mintonce.cli.options import SECONDS, F, json_option, option
from mintonce.cli.times import utc


def validity_option(function: F) -> F:
    """Add ``--min-validity``."""
    add = option(
        "--min-validity",
        type=SECONDS,
        default=0.0,
        metavar="SECONDS",
        help="Get a token that is good for so much longer at least.",
    )
    return add(function)


@click.command("token")
@validity_option
@json_option
@connected
def command(connection: Connection, *, min_validity: float, as_json: bool) -> None:
    """Print an access token.

    It is the one in the store; a new one is minted only if that is no longer usable.
    """
    token = connection.token(min_validity)
    click.echo(json.dumps(_members(token)) if as_json else token.access_token)


def _members(token: Token) -> dict[str, object]:
    return {
        "access_token": token.access_token,
        "token_type": token.token_type,
        "scope": token.scope,
        "issued_at": utc(token.issued_at),
        "expires_at": utc(token.expires_at),
        "expires_in": int(token.remaining(time.time())),
    }
