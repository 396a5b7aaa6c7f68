"""The client secret: from the environment, a file or standard input, never from an argument.

Other users of the host can read the arguments of every process.
"""

from __future__ import annotations

import os
import stat
import sys
from io import BufferedReader
from pathlib import Path

from mintonce.cli.errors import warn
from mintonce.credentials.authentication import flaw_of
from mintonce.errors import UsageError

VARIABLE = "MINTONCE_CLIENT_SECRET"

_LIMIT = 1 << 16  # bytes: what is longer is no secret, and a device may have no end


def read_client_secret(file: str | None) -> str:
    """Return the secret from `file` (``-`` is standard input), or else from the environment.

    Raises:
        UsageError: There is none, or it cannot be one.

    """
    place = {None: VARIABLE, "-": "standard input"}.get(file, file)
    secret = os.environ.get(VARIABLE, "") if file is None else _stripped(_content(file))
    if not secret and file is None:
        raise UsageError(f"no client secret: set {VARIABLE}, or name a file (--client-secret-file)")
    if flaw := flaw_of(secret):
        raise UsageError(f"the client secret in {place} is {flaw}")
    return secret


def _content(file: str) -> str:
    try:
        content = _piped() if file == "-" else _stored(file)
        if len(content) > _LIMIT:
            raise UsageError(f"the client secret: {file}: is longer than {_LIMIT} bytes")
        return content.decode("utf-8")
    except OSError as error:
        raise UsageError(f"the client secret: {file}: {error.strerror}") from error
    except UnicodeDecodeError:
        # Not chained: it holds what was read.
        raise UsageError(f"the client secret: {file}: is not text in UTF-8") from None


def _piped() -> bytes:
    if sys.stdin is None:
        raise UsageError("the client secret: standard input is closed")
    return sys.stdin.buffer.read(_LIMIT + 1)


def _stored(file: str) -> bytes:
    with Path(file).open("rb") as opened:
        _warn_if_open(opened)
        return opened.read(_LIMIT + 1)


def _stripped(content: str) -> str:
    """Cut off the line break that editors put at the end of a file."""
    return content.removesuffix("\n").removesuffix("\r")


def _warn_if_open(file: BufferedReader) -> None:
    mode = os.fstat(file.fileno()).st_mode
    # That everybody can read a device says nothing of what it holds.
    if os.name == "posix" and stat.S_ISREG(mode) and mode & stat.S_IROTH:
        warn(f"warning: {file.name} holds a secret, and every user can read it: chmod 600 it")
