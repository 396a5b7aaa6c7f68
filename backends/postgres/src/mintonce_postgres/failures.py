"""What the server and the driver say when something fails, in words that hold no secret."""

from __future__ import annotations

import ssl

import asyncpg

from mintonce.errors import StoreError, StoreUnavailable

LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # among others, where its protocol has noticed first
)
"""The connection is gone, or the driver finds it so."""

READ_ONLY = (asyncpg.ReadOnlySQLTransactionError,)
"""It takes no writes, or no more: another server may have become the one that does."""

AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""The server undid the statement for the sake of others: it was certainly not done."""

MISSING = (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError)
"""There is no such table."""

THERE = (
    asyncpg.DuplicateTableError,
    asyncpg.DuplicateObjectError,
    asyncpg.DuplicateSchemaError,
    asyncpg.UniqueViolationError,
)
"""Others made the same thing at the same moment: IF NOT EXISTS does not rule that out."""

KNOWN = (*LOST, asyncpg.PostgresError)
"""What comes out of the driver."""

# Codes, or the classes that they begin with: https://www.postgresql.org/docs/current/errcodes-appendix.html
_AWAY = {
    "08": "the connection is lost",
    "25006": "it takes no writes at present: a replica, or a server set to be read only",
    "40": "the transaction was undone for the sake of others, time and again",
    "53": "it is out of connections, memory or space",
    "55P03": "a lock was not to be had in time",
    "57": "it is starting, stopping, or cancelled the statement",
    "58": "its system failed",
}
_SHAPE = "the table is not of the expected shape: compare it with python -m mintonce_postgres ddl"
_TO_MEND = {
    "22": _SHAPE,
    "28": "it refuses this user: mend the password, or the server's pg_hba.conf",
    "3D000": "there is no such database: create it, or mend its name in the URL",
    "42501": "the user lacks a permission: grant it SELECT, INSERT, UPDATE and DELETE on the table",
    "42": _SHAPE,
}


_SETTINGS = {
    UnicodeError: "there can be no host of this name: mend it in the URL",
    ssl.SSLCertVerificationError: "its certificate is not to be trusted",
    asyncpg.ClientConfigurationError: "asyncpg cannot do what is asked for in the URL",
    asyncpg.UnsupportedClientFeatureError: "asyncpg cannot do what is asked for",
    asyncpg.UnsupportedServerFeatureError: "asyncpg cannot do what is asked for",
}
_NO_TLS = "rejected SSL upgrade"  # that is all by which asyncpg tells it from a lost connection


def told(error: BaseException, where: str) -> StoreError:
    """Return what callers are told of it."""
    code = getattr(error, "sqlstate", None)
    if isinstance(error, asyncpg.PostgresError) and isinstance(code, str):
        kind = f"{type(error).__name__}, SQLSTATE {code}"
        if reason := _of(code, _AWAY):
            return StoreUnavailable(f"{where}: {reason} ({kind})")
        return StoreError(f"{where}: {_of(code, _TO_MEND) or 'it refused the statement'} ({kind})")
    kind = type(error).__name__
    if isinstance(error, ConnectionError) and str(error).endswith(_NO_TLS):
        return StoreError(f"{where}: it speaks no TLS: have it do so, or mend sslmode ({kind})")
    for told_as, reason in _SETTINGS.items():
        if isinstance(error, told_as):
            return StoreError(f"{where}: {reason} ({kind})")
    return StoreUnavailable(f"{where}: it cannot be reached, or the connection is lost ({kind})")


def _of(code: str, reasons: dict[str, str]) -> str | None:
    return next((reasons[code[:size]] for size in (5, 2) if code[:size] in reasons), None)
