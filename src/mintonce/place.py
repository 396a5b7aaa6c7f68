"""Where code that is not ours has failed: a line to look at, and nothing of what was said."""

from __future__ import annotations

import os
import sys
import traceback

_OURS = __file__.removesuffix(os.path.basename(__file__))  # noqa: PTH119 - as tracebacks have it
_SHAPE = "read and swap must be async methods; swap takes (key, old, new, *, ttl)"


def place(error: BaseException, store: object) -> str:
    """Return what to say after the kind of an error that was caught right where a store is called.

    Best is a line of the file that the store is in, or else the one that raised. Only the last part
    of a path is told: the others are nobody's business.
    """
    found = [
        (frame.f_code.co_filename, f"{line} in {frame.f_code.co_name}")
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    if isinstance(error, TypeError) and found[0][0] == found[-1][0]:
        return f": {_SHAPE}"  # it was the call, or the await, that went wrong
    own = getattr(sys.modules.get(type(store).__module__), "__file__", None)
    theirs = [(file, line) for file, line in found if not file.startswith(_OURS)]
    best = [(file, line) for file, line in theirs if file == own] or theirs
    return "".join(f" at {os.path.basename(file)}:{line}" for file, line in best[-1:])  # noqa: PTH119 - as above
