"""Why a server could not be reached: what this machine knows of it, and no text of others.

A credential provider of the program may raise anything, and say a password with it.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator

from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as Silent


class Lost(Disconnected):
    """What the store itself says of a connection; it can be passed on."""


class Late(Silent):
    """What the store itself says of a server that does not answer; it can be passed on."""


class UnusableTlsError(RedisError):
    """The settings for TLS are of no use on this machine; what it says can be passed on."""


class NoSentinelError(RedisError):
    """A server that was named as a sentinel is none; what it says can be passed on."""


# How OpenSSL calls what somebody has to mend. The rest may pass, such as a connection that was cut.
_DISTRUST = re.compile(
    r"CERT|UNKNOWN_CA|WRONG_VERSION|PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|CIPHER"
    r"|HANDSHAKE_FAILURE|ACCESS_DENIED|UNRECOGNIZED_NAME|TOO_SMALL|TOO_WEAK"
)
_CLOSED = "Connection closed by server."  # so says redis-py


def is_distrust(error: BaseException) -> bool:
    """Tell whether the two ends cannot agree on TLS."""
    found = (each for each in _behind(error) if isinstance(each, ssl.SSLError))
    return any(_DISTRUST.search(getattr(each, "reason", "") or "") for each in found)


def is_ours(error: BaseException) -> bool:
    """Tell whether this machine says so, and no server."""
    return any(isinstance(each, OSError | Lost | Late) for each in _behind(error))


def why(error: BaseException) -> str:
    """Return why a connection could not be made, or was lost."""
    for each in _behind(error):
        if isinstance(each, Lost | Late):
            return str(each)
        if isinstance(each, socket.gaierror):
            return "no such host, or no name server"
        if isinstance(each, ssl.SSLError):
            return "TLS failed"
        if isinstance(each, OSError) and (reason := reason_of(each)):
            return reason
        if isinstance(each, Silent | TimeoutError):
            return "no answer in time"
    return "connection closed" if str(error) == _CLOSED else "connection failed"


def reason_of(error: BaseException) -> str:
    """Return what its numbers mean; asyncio puts several of them in a text."""
    numbers = [getattr(error, "errno", None), *re.findall(r"\[Errno (\d{1,4})\]", str(error))]
    known = {int(number) for number in numbers if number} & {*errno.errorcode}
    return ", ".join(sorted(os.strerror(number).lower() for number in known))


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    seen = set[int]()
    while error and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
