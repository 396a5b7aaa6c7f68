"""Errors of code that is not ours: a secret function, a source, a store that somebody wrote."""

from __future__ import annotations

import os


class ForeignError(Exception):
    """Stands for an error whose text nobody knows: it may hold a secret, a token or a password.

    It is the cause of ours, and keeps the traceback, so that a traceback tells what was raised and
    where. What it said is left out.
    """


def stand_in(error: BaseException) -> ForeignError:
    """Return what can be shown of `error`."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    number = error.errno if isinstance(error, OSError) else None
    # Not the name of a file: whoever takes the secret for its path would read it there.
    reason = f", {os.strerror(number).lower()}" if isinstance(number, int) else ""
    return ForeignError(f"{kind}{reason} (its text is left out)").with_traceback(
        error.__traceback__
    )
