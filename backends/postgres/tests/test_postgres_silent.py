"""No password, value or token is told: not in errors, nor in what they bring along, nor in logs."""

from __future__ import annotations

import asyncio
import logging
import traceback
from contextlib import suppress
from urllib.parse import quote

import pytest

from backing.using import TTL
from marks import SECRET, TOKEN, marks_in
from mintonce import MintonceError
from mintonce_postgres import PostgresStore
from postgres_server import PostgresServer
from postgres_using import link_of, opened

pytestmark = pytest.mark.asyncio
VALUE = TOKEN.encode()


async def told(store: PostgresStore) -> str:
    """All that there is to see of what the store does, in success and in failure."""
    seen = [repr(store), str(vars(store))]
    for call in (
        store.read("key"),
        store.swap("key", None, VALUE, ttl=TTL),
        store.swap("key", VALUE, VALUE * 2, ttl=TTL),
        store.swap("key", VALUE * 2, None, ttl=TTL),
        store.changed("key", VALUE, 0.0),
    ):
        try:
            await call
        except MintonceError as error:
            seen += ["refused", *_all_of(error), *traceback.format_exception(error)]
    with suppress(KeyError):
        seen += map(repr, vars(link_of(store).news).values())
    return "\n".join(seen)


def _all_of(error: BaseException | None) -> list[str]:
    if error is None:
        return []
    return [str(error), repr(error), *_all_of(error.__cause__), *_all_of(error.__context__)]


async def test_no_trouble_tells_a_secret(
    own: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Wrong passwords, tables, permissions, a server that stops or never was: all are silent."""
    caplog.set_level(logging.DEBUG)
    own.ask("CREATE ROLE locked LOGIN PASSWORD 'right'")
    own.ask("CREATE ROLE user2 LOGIN; CREATE SCHEMA odd CREATE TABLE mintonce (key text)")
    own.ask("GRANT USAGE ON SCHEMA odd TO user2")
    password = quote(SECRET, safe="")
    urls = [
        own.url(user="locked", password=password),
        own.url(user="user2", password=password),
        own.url(password=password, schema="odd"),
        own.url(password=password, table=quote("\"; SELECT '", safe="")),
        own.url(password=password).replace("///postgres", "///nowhere"),
        f"postgresql://user:{password}@127.0.0.1:1/db",
        f"postgresql://user:{password}@host.invalid/db",
    ]
    seen = []
    for url in urls:
        async with opened(url) as store:
            seen.append(await told(store))
    async with opened(own.url(password=password)) as store:
        seen.append(await told(store))
        await asyncio.to_thread(own.kill)
        seen.append(await told(store))
    assert [True] * 3 == ["refused" in each for each in seen[:3]]
    assert [] == marks_in("\n".join([*seen, caplog.text]))


async def test_no_value_goes_into_the_log_of_the_server(own: PostgresServer) -> None:
    """What is kept travels beside the statements, and what is told of a change is a digest."""
    own.ask("ALTER SYSTEM SET log_statement = 'all'")
    own.ask("SELECT pg_reload_conf()")
    async with opened(own.url()) as store:
        await told(store)
    # Servers can be told to log parameters, too. Then it is out of our hands.
    logged = (own.directory / "log").read_text("utf-8", "replace")
    statements = [line for line in logged.splitlines() if "statement:" in line or "execute" in line]
    assert statements
    assert [] == marks_in("\n".join(statements))
