"""What has to be mended first is told with advice; and what a server may do to a statement."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys

import asyncpg
import pytest

from backing.using import TTL, fresh, put
from mintonce import StoreError, StoreUnavailable, UsageError
from mintonce_postgres import PostgresStore, from_url
from mintonce_postgres.asking import Asking
from postgres_server import PostgresServer
from postgres_using import opened

pytestmark = pytest.mark.asyncio


@pytest.fixture
def schema(postgres: PostgresServer) -> str:
    """The name of a schema that does not exist."""
    name = fresh().replace("-", "_")
    postgres.ask(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    return name


@pytest.fixture
def user(postgres: PostgresServer, schema: str) -> str:
    """A role that may do nothing, as is."""
    name = f"u_{schema}"
    postgres.ask(f"CREATE ROLE {name} LOGIN")
    return name


def ddl(*options: str) -> str:
    """What the command prints."""
    words = [sys.executable, "-m", "mintonce_postgres", "ddl", *options]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


async def refused(store: PostgresStore, kind: type[StoreError] = StoreError) -> str:
    """How reading, and swapping, is refused."""
    told = set()
    for call in (store.read("key"), store.swap("key", None, b"value", ttl=TTL)):
        with pytest.raises(StoreError) as caught:
            await call
        assert kind is caught.type
        told.add(str(caught.value))
    return told.pop()


async def test_many_create_the_table_at_once(postgres: PostgresServer, schema: str) -> None:
    """The schema and the table are made when they are missing, whoever else does the same."""
    stores = [from_url(postgres.url(schema=schema)) for _ in range(12)]
    assert [None] * 12 == await asyncio.gather(*(store.read("key") for store in stores))
    done = await asyncio.gather(*(s.swap("key", None, b"value", ttl=TTL) for s in stores))
    assert 1 == sum(done)
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")
    done = await asyncio.gather(*(s.swap("key", None, b"value", ttl=TTL) for s in stores))
    assert 1 == sum(done)
    await asyncio.gather(*(store.aclose() for store in stores))


async def test_the_table_can_be_made_by_others(
    postgres: PostgresServer, schema: str, user: str
) -> None:
    """Who may not create tables is told the command that prints them, and needs four rights."""
    async with opened(postgres.url(user=user, schema=schema)) as store:
        assert "python -m mintonce_postgres ddl" in await refused(store)
        printed = ddl("--schema", schema)
        for _ in range(2):  # once more is no error
            postgres.ask(printed)
        assert "permission" in await refused(store)
        postgres.ask(f"GRANT USAGE ON SCHEMA {schema} TO {user}")
        rights = "SELECT, INSERT, UPDATE, DELETE"
        postgres.ask(f"GRANT {rights} ON {schema}.mintonce TO {user}")
        await put(store, "key", b"value")
        await put(store, "key", b"new")
        assert await store.swap("key", b"new", None, ttl=TTL)
        await store.changed("key", b"new", 60.0)


@pytest.mark.parametrize(
    "columns",
    [
        "key text PRIMARY KEY",
        "key text, value bytea, worthless_at timestamptz",
        "key int PRIMARY KEY, value text, worthless_at timestamptz",
    ],
)
async def test_a_table_of_another_shape(
    postgres: PostgresServer, schema: str, columns: str
) -> None:
    """It is not touched, and the message says what to compare it with."""
    postgres.ask(f"CREATE SCHEMA {schema} CREATE TABLE mintonce ({columns})")
    async with opened(postgres.url(schema=schema)) as store:
        with pytest.raises(StoreError, match="not of the expected shape"):
            await store.swap("key", None, b"value", ttl=TTL)


async def test_a_wrong_password(postgres: PostgresServer) -> None:
    """It has to be mended, and the message holds neither the wrong one nor the right one."""
    async with opened(postgres.url()) as store:
        assert await store.read("key") is None  # the table is there
    postgres.ask("DROP ROLE IF EXISTS locked")
    postgres.ask("CREATE ROLE locked LOGIN PASSWORD 'right-m4rk'")
    async with opened(postgres.url(user="locked", password="wrong-m4rk")) as store:
        told = await refused(store)
        assert "mend the password" in told
        assert "m4rk" not in told
    async with opened(postgres.url(user="locked", password="right-m4rk")) as store:
        assert "permission" in await refused(store)


async def test_a_database_that_does_not_exist(postgres: PostgresServer) -> None:
    """Its name is in the message, and what to do."""
    url = postgres.url().replace("///postgres?", "///nowhere?")
    async with opened(url) as store:
        assert "no such database" in await refused(store)


async def test_a_host_that_cannot_be() -> None:
    """Nobody can ask where it is, so its name has to be mended."""
    async with opened("postgresql://db..example/orders") as store:
        assert "no host of this name" in await refused(store)


@pytest.mark.parametrize("name", ["dbname", "database"])
async def test_a_database_among_the_options(postgres: PostgresServer, name: str) -> None:
    """It is the same as in front of them."""
    url = postgres.url().replace("///postgres?", "///?")
    async with opened(f"{url}&{name}=postgres") as store:
        assert await store.read("key") is None
    async with opened(f"{url}&{name}=nowhere") as store:
        assert "no such database" in await refused(store)


async def test_a_server_without_a_connection_to_spare(
    postgres: PostgresServer, schema: str
) -> None:
    """That passes, so the store is only unavailable."""
    name = f"few_{schema}"
    postgres.ask(f"CREATE ROLE {name} SUPERUSER LOGIN CONNECTION LIMIT 0")
    postgres.ask(f"ALTER ROLE {name} NOSUPERUSER")
    async with opened(postgres.url(user=name)) as store:
        told = await refused(store, StoreUnavailable)
        assert "53300" in told


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
async def test_swaps_are_right_at_any_isolation_level(
    postgres: PostgresServer, schema: str, level: str
) -> None:
    """Where the server undoes statements for the sake of others, they are done again."""
    name = f"strict_{schema}"
    postgres.ask(f"CREATE ROLE {name} SUPERUSER LOGIN")
    postgres.ask(f"ALTER ROLE {name} SET default_transaction_isolation = '{level}'")
    key, url = fresh(), postgres.url(user=name)
    stores = [from_url(url) for _ in range(4)]

    async def count(store: PostgresStore) -> None:
        for _ in range(10):
            while not await store.swap(key, seen := await store.read(key), _next(seen), ttl=TTL):
                pass

    await asyncio.gather(*map(count, stores * 3))
    assert b"120" == await stores[0].read(key)
    await asyncio.gather(*(store.aclose() for store in stores))


def _next(value: bytes | None) -> bytes:
    return b"%d" % (int(value or 0) + 1)


async def test_an_undone_statement_is_no_answer(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A serialization failure says that it was not done, so it is sent again."""
    once, failures = (
        Asking._once,
        [asyncpg.SerializationError("?"), asyncpg.DeadlockDetectedError("?")],
    )

    async def undone(self: Asking, sql: str, *arguments: object) -> object:
        if failures:
            raise failures.pop()
        return await once(self, sql, *arguments)

    async with opened(postgres.url()) as store:
        monkeypatch.setattr(Asking, "_once", undone)
        assert await store.swap(fresh(), None, b"value", ttl=TTL)
        assert [] == failures


async def test_worthless_rows_are_swept(postgres: PostgresServer, schema: str) -> None:
    """Rows whose time is up go as others are created, and never one that still lives."""
    rows = f"SELECT count(*) FROM {schema}.mintonce"
    async with opened(postgres.url(schema=schema)) as store:
        for ttl in (0.0, TTL, math.inf, 1e300, math.nan):
            for _ in range(15):
                assert await store.swap(fresh(), None, b"value", ttl=ttl)
        assert "60" == postgres.ask(rows)
        lives = f"SELECT max(worthless_at) > now() + interval '99 years' FROM {schema}.mintonce"
        assert "t" == postgres.ask(lives)


async def test_a_sweep_waits_for_nobody(postgres: PostgresServer, schema: str) -> None:
    """A row that somebody has locked is left alone, and a swap does not wait for it."""
    async with opened(postgres.url(schema=schema)) as store:
        assert await store.swap("old", None, b"value", ttl=0.0)
        locks = await asyncpg.connect(postgres.url())
        async with locks.transaction():
            await locks.execute(f"SELECT FROM {schema}.mintonce WHERE key = 'old' FOR UPDATE")
            async with asyncio.timeout(0.4):
                assert await store.swap("new", None, b"value", ttl=TTL)
        await locks.close()


async def test_pools_that_are_none_are_refused(postgres: PostgresServer) -> None:
    """A URL in the place of a pool, or a pool that is closed, is told."""
    with pytest.raises(UsageError, match="from_url"):
        PostgresStore(postgres.url())  # type: ignore[arg-type]  # that is the point
    pool = await asyncpg.create_pool(postgres.url(), min_size=0, max_size=2)
    store = PostgresStore(pool)
    await pool.close()
    with pytest.raises(StoreError, match="closed"):
        await store.read("key")
    with pytest.raises(UsageError):
        await store.read("No key!")
