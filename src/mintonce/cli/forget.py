"""``mintonce forget``: drop what is kept of a token."""

from __future__ import annotations

import asyncio
import time

import click

from mintonce.cell import Cell
from mintonce.cli.connection import Connection, connected
from mintonce.cli.times import span
from mintonce.clock import SystemClock
from mintonce.driver import Driver
from mintonce.record import Record
from mintonce.stores import TokenStore, open_store


@click.command("forget")
@click.option(
    "--ledger",
    is_flag=True,
    help="Drop the count of token requests too: each budget begins anew. It cannot be set in the"
    " environment.",
)
@connected
def command(connection: Connection, *, ledger: bool) -> None:
    """Drop the token from the store.

    A cool-down goes with it, so that the next caller mints. Processes that hold the token already
    use it until it expires. The count of token requests stays, so that no budget is exceeded. This
    needs no client secret and sends no request.
    """
    store = open_store(connection.store_url)
    for line in asyncio.run(_forget(connection, store, ledger=ledger)):
        click.echo(line)


async def _forget(connection: Connection, store: TokenStore, *, ledger: bool) -> list[str]:
    driver = Driver(
        connection.source,
        store,
        budgets=connection.budgets,
        clock=SystemClock(),
        timeout=connection.mint_timeout,
    )
    try:
        told = [await _drop_record(driver.cell)]
        if ledger:
            await driver.books.cell.delete()
            told.append("dropped the ledger: each budget begins anew")
        return told
    finally:
        if close := getattr(store, "aclose", None):
            await close()


async def _drop_record(cell: Cell[Record]) -> str:
    seen = await cell.read()
    await cell.delete()
    if seen.raw is None:
        return "there was nothing to forget"
    token = seen.value.token
    if token is None:
        return "forgot a record without a token"
    left = token.remaining(time.time())
    rest = f"it was good for another {span(left)}" if left > 0 else "it had expired"
    return f"forgot the token {token.fingerprint}: {rest}"
