"""The SQL: one statement for each thing that is done, with the names of schema and table in it."""

# ruff: noqa: S608 - the SQL holds names, which are checked and quoted, and no values

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from hashlib import sha256

from mintonce.errors import UsageError

LONGEST_TTL = 100 * 365.25 * 86_400
"""Seconds: a lifetime that is longer ends with this one, since an interval has its limits."""

_LONGEST_NAME = 63  # bytes of an identifier; PostgreSQL cuts off the rest, and warns at most
_LIVE = "worthless_at > now()"
_TTL = "now() + make_interval(secs => $3)"


SCHEMA, TABLE = "public", "mintonce"
"""Where the values are kept if nobody says anything else."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the values are kept: a table, and the channel that tells of its changes.

    Raises:
        UsageError: One of the names cannot be that of a schema or a table.

    """

    schema: str = SCHEMA
    table: str = TABLE
    channel: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the names."""
        _check("schema", self.schema)
        _check("table", self.table)
        # Names of channels and indexes are as short as all names, so both names go in as a digest.
        told_apart = sha256(f"{self.schema}\0{self.table}".encode()).hexdigest()[:16]
        object.__setattr__(self, "channel", f"mintonce_{told_apart}")

    @property
    def command(self) -> str:
        """What prints the SQL that makes it."""
        names = f"--schema {shlex.quote(self.schema)} --table {shlex.quote(self.table)}"
        return f"python -m mintonce_postgres ddl {names}"

    def __str__(self) -> str:
        return f"{_quoted(self.schema)}.{_quoted(self.table)}"


@dataclass(frozen=True, slots=True)
class Statements:
    """The SQL for one table.

    Each is complete in itself, so that it is right at any isolation level and through any pooler.
    An expired row is as good as none for all of them, and the clock of the server decides.
    """

    place: Place

    @property
    def read(self) -> str:
        """Takes a key."""
        return f"SELECT value FROM {self.place} WHERE key = $1 AND {_LIVE}"

    @property
    def nothing(self) -> str:
        """Takes a key, and gives a row if nothing is there."""
        return f"SELECT 1 WHERE NOT EXISTS ({self.read})"

    @property
    def create(self) -> str:
        """Takes key, new value, seconds to live and what to tell; gives a row if it was done."""
        return self._told(
            f"INSERT INTO {self.place} AS mine (key, value, worthless_at)"
            f" VALUES ($1, $2, {_TTL}) ON CONFLICT (key) DO UPDATE"
            f" SET value = excluded.value, worthless_at = excluded.worthless_at"
            f" WHERE NOT mine.{_LIVE}",
            told="$4",
        )

    @property
    def replace(self) -> str:
        """Takes key, new value, seconds to live, what to tell and the old value."""
        return self._told(
            f"UPDATE {self.place} SET value = $2, worthless_at = {_TTL}"
            f" WHERE key = $1 AND value = $5 AND {_LIVE}",
            told="$4",
        )

    @property
    def delete(self) -> str:
        """Takes key, what to tell and the old value."""
        return self._told(
            f"DELETE FROM {self.place} WHERE key = $1 AND value = $3 AND {_LIVE}", told="$2"
        )

    @property
    def sweep(self) -> str:
        """Removes a few worthless rows, but for those that somebody is about to change."""
        return (
            f"DELETE FROM {self.place} WHERE NOT {_LIVE} AND key IN (SELECT key FROM {self.place}"
            f" WHERE NOT {_LIVE} ORDER BY worthless_at LIMIT 20 FOR UPDATE SKIP LOCKED)"
        )

    @property
    def schema(self) -> str:
        """Makes the schema."""
        return f"CREATE SCHEMA IF NOT EXISTS {_quoted(self.place.schema)}"

    @property
    def table(self) -> str:
        """Makes the table, whole or not at all."""
        index = _quoted(f"{self.place.channel}_worthless_at")
        return (
            f"CREATE TABLE IF NOT EXISTS {self.place} (\n"
            f'    key text COLLATE "C" PRIMARY KEY,\n'
            f"    value bytea NOT NULL,\n"
            f"    worthless_at timestamptz NOT NULL\n"
            f");\n"
            f"CREATE INDEX IF NOT EXISTS {index} ON {self.place} (worthless_at);"
        )

    def _told(self, change: str, *, told: str) -> str:
        # In one statement, so that whoever listens hears of it if and only if it was done.
        return (
            f"WITH done AS ({change} RETURNING 1)"
            f" SELECT pg_notify('{self.place.channel}', {told}) FROM done"
        )


def _check(what: str, name: object) -> None:
    if not isinstance(name, str) or not name or "\0" in name:
        raise UsageError(f"the name of the {what} must be a string, not empty and without a NUL")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise UsageError(f"the name of the {what} has half a character in it") from None
    if size > _LONGEST_NAME:
        raise UsageError(f"the name of the {what} must have at most {_LONGEST_NAME} bytes")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
