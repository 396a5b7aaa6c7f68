"""How the store makes its connections, whatever a client was set up for."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

from redis.asyncio.connection import AbstractConnection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import TimeoutError as Silent
from redis.maint_notifications import MaintNotificationsConfig

from mintonce_redis.reasons import Late, UnusableTlsError, reason_of

CONNECT = 1.5
"""Seconds to connect, and to wait for each answer while a connection is made ready."""

QUICKLY: Mapping[str, Any] = {
    "retry": Retry(NoBackoff(), 0),
    "socket_connect_timeout": CONNECT,
    "socket_timeout": CONNECT,
}
"""Options of whatever connects: in time, and no second time behind the store's back."""

# Bytes as they are, and messages that come between answers.
_OURS: Mapping[str, Any] = {
    **QUICKLY,
    "decode_responses": False,
    "driver_info": None,  # needs a permission, and tells the server nothing that it needs
    "health_check_interval": 0,
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    "protocol": 3,
    "retry_on_error": [],
    "retry_on_timeout": False,
}
# These belong to the pool of a client, or to notifications that are switched off here.
_THEIRS = re.compile(r"connection_(pool|class)|max_connections|response_callbacks|maint|orig_|oss_")
# Settings that may be wrong, by the names that redis-py has for them.
_TLS = ("ca_certs", "ca_data", "ca_path", "certfile", "keyfile", "password", "ciphers")


class Recipe(NamedTuple):
    """How a connection is made.

    Attributes:
        kind: A connection class of redis-py.
        options: What it takes, apart from the address.

    """

    kind: type[AbstractConnection]
    options: Mapping[str, Any]

    def __repr__(self) -> str:
        """Tell the kind, and none of the options: there is a password among them."""
        return f"Recipe({self.kind.__name__})"

    @classmethod
    def of(cls, kind: type[AbstractConnection], options: Mapping[str, Any]) -> Recipe:
        """Take over the options that a store has no opinion about."""
        kept = {name: value for name, value in options.items() if not _THEIRS.match(name)}
        return cls(kind, {**kept, **_OURS})

    async def connect(self, **address: Any) -> AbstractConnection:
        """Return a connection that is ready, or none that is half so."""
        connection = self.kind(**{**self.options, **address})
        if isinstance(connection, SSLConnection):
            _prepare(connection)
        try:
            await connection.connect()  # type: ignore[no-untyped-call]  # redis-py has no types here
        except BaseException as error:
            await connection.disconnect(nowait=True)
            if isinstance(connection, SSLConnection) and _is_no_greeting(error):
                raise Late("no answer in time, or it speaks no TLS") from None
            raise
        return connection


def _is_no_greeting(error: BaseException) -> bool:
    # So says redis-py, and something else once TLS is spoken.
    return isinstance(error, Silent) and str(error) == "Timeout connecting to server"


def _prepare(connection: SSLConnection) -> None:
    # Once connecting has begun, nobody can tell a file that is missing from a server that is.
    tls = connection.ssl_context
    try:
        tls.get()
    except (OSError, TypeError, ValueError) as error:
        # Some errors of OpenSSL have no reason; their numbers are not those of the system.
        reason = (
            getattr(error, "reason", "") if isinstance(error, ssl.SSLError) else reason_of(error)
        )
        used = ", ".join(f"ssl_{name}" for name in _TLS if getattr(tls, name))
        said = f"the settings for TLS do not work ({reason or 'refused'}): correct {used}"
        raise UnusableTlsError(said) from None
