"""Errors of code that is not ours: a secret function, a source, a store that somebody wrote."""

from __future__ import annotations

import errno
import os


class ForeignError(Exception):
    """Stands for an error whose text nobody knows: it may hold a secret, a token or a password.

    It is the cause of ours, and keeps the traceback, so that a traceback tells what was raised and
    where. What it said is left out.
    """


def stand_in(error: BaseException) -> ForeignError:
    """Return what can be shown of `error`."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    # Not the name of a file: whoever takes the secret for its path would read it there.
    reason = _reason(error.errno) if isinstance(error, OSError) else ""
    return ForeignError(f"{kind}{reason} (its text is left out)").with_traceback(
        error.__traceback__
    )


def _reason(number: object) -> str:
    # Anybody can raise such an error, with a number that no system has, or with something else.
    if not isinstance(number, int) or number not in errno.errorcode:
        return ""
    return f", {os.strerror(number).lower()}"
