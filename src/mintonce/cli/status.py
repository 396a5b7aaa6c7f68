"""``mintonce status``: what the store knows of a token and of its budget."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, cast

import click

from mintonce import TokenManager
from mintonce.cli.connection import Connection, connected
from mintonce.cli.options import json_option
from mintonce.cli.times import utc
from mintonce.forecast import Forecast
from mintonce.status import Status
from mintonce.stores import TokenStore, open_store

_MOMENTS = {"at", "issued_at", "expires_at", "until", "resets_at", "runs_out_at"}
"""The members that are Unix seconds."""


@click.command("status")
@json_option
@connected
def command(connection: Connection, *, as_json: bool) -> None:
    """Show the token and the budget.

    How old the token is, when it expires, who minted it and why; how much of each budget is used,
    and whether it will last; and the last mints. This needs no client secret and sends no request.
    """
    store = open_store(connection.store_url)
    place = connection.place(store)
    status = asyncio.run(_read(connection.manager(connection.source, store), store))
    if as_json:
        known = {field.name: getattr(status, field.name) for field in fields(status)}
        click.echo(json.dumps(_object({"store": place, **known}), indent=2))
        return
    from mintonce.cli.status_view import show  # noqa: PLC0415 - it brings rich, which is slow

    show(status, place, time.time())


async def _read(tokens: TokenManager, store: TokenStore) -> Status:
    try:
        async with tokens:
            return await tokens.status()
    finally:
        if close := getattr(store, "aclose", None):
            await close()


def _plain(value: object) -> object:
    """Make it out of what JSON has, with moments in ISO 8601."""
    if is_dataclass(value):
        return _object({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, Forecast):
        return _object(value._asdict())
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    return value


def _object(members: Mapping[str, Any]) -> dict[str, object]:
    return {
        name: utc(value) if name in _MOMENTS and value is not None else _plain(value)
        for name, value in members.items()
    }
