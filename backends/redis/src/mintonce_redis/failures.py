"""From what redis-py raises to what callers understand: what is wrong, where, and what to do.

What the server says is not passed on as it is. It may quote the command that it did not understand,
and so a password or a token.
"""

from __future__ import annotations

import re

from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as Silent

from mintonce.errors import StoreError, StoreUnavailable
from mintonce_redis import reasons
from mintonce_redis.reasons import NoSentinelError, UnusableTlsError

_MENDING = (
    (r"^NOAUTH\b", "wants a password: name one in the URL, or in the client"),
    (
        r"^WRONGPASS\b|invalid password|AUTH .*called without any password",
        "refuses the user name or the password: correct them in the URL, or in the client",
    ),
    (
        r"^NOPERM\b|ACL failure in script|The user executing the script",
        "denies this user a command, the keys or the channels: see 'Permissions' in the README",
    ),
    (
        r"\bWRONGTYPE\b",
        "holds something under the key that is not ours: remove it, or choose another prefix",
    ),
    (r"cluster support disabled", "is not a cluster: use redis://"),
    (r"DB index", "has no database of this number: correct it in the URL, or in the client"),
)
_DISTRUST = "cannot be trusted, or does not speak TLS: check ssl_ca_certs, host name and port"
_PASSING = (
    (r"\bOOM\b", "is out of memory: raise its maxmemory, or remove what it need not keep"),
    (r"\bREADONLY\b", "is a read-only replica, as after a failover"),
    (r"LOADING", "is still loading its data"),
    (r"^BUSY\b", "is busy with a script"),
    (r"MASTERDOWN", "is a replica that has lost its master"),
    (r"CLUSTERDOWN|not covered", "is part of a cluster that is down"),
    (r"^(TRYAGAIN|ASK|MOVED)", "is part of a cluster that is being resharded"),
    (r"max number of clients", "has too many clients: raise its maxclients"),
    (r"MISCONF", "cannot save to its disk, and takes no writes until it can"),
    (r"NOREPLICAS", "has too few replicas to take writes"),
)


def is_read_only(error: Exception) -> bool:
    """Tell whether a server says that it is a replica, which servers before 7 say inside a text."""
    return isinstance(error, ResponseError) and bool(re.search(r"\bREADONLY\b", _said(error)))


def told(error: Exception, where: str) -> StoreError:
    """Return what to raise in the place of `error`."""
    if isinstance(error.__cause__, RedisError):
        error = error.__cause__  # redis-py wraps what a server says while a connection is made
    if isinstance(error, UnusableTlsError | NoSentinelError):
        return StoreError(f"{where} cannot be asked: {error}")
    if reasons.is_distrust(error):
        return StoreError(f"{where} {_DISTRUST}")
    if reasons.is_ours(error):
        return StoreUnavailable(f"{where} cannot be reached: {reasons.why(error)}")
    return _said_by_it(error, where)


def _said_by_it(error: Exception, where: str) -> StoreError:
    said = _said(error)
    for pattern, advice in _MENDING:
        if re.search(pattern, said):
            return StoreError(f"{where} {advice}")
    for pattern, what in _PASSING:
        if re.search(pattern, said):
            return StoreUnavailable(f"{where} {what}")
    if isinstance(error, ResponseError):
        kind = said.split(" ")[0] if re.match(r"[A-Z]{3,20}\b", said) else "an error"
        return StoreError(f"{where} answers with {kind}: is it Redis 6.2 or later, or Valkey?")
    if isinstance(error, Disconnected | Silent):
        return StoreUnavailable(f"{where} cannot be reached: {reasons.why(error)}")
    return StoreUnavailable(f"{where} answers in a way that makes no sense: is it Redis or Valkey?")


def _said(error: Exception) -> str:
    return f"{getattr(error, 'status_code', None) or ''} {error}".strip()
