"""Where tokens are kept unless the user says it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from mintonce.errors import UsageError


def state_directory(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ
) -> Path:
    """Return the directory of this user where programs keep what must survive a restart.

    Raises:
        UsageError: This user has no such place.

    """
    if platform == "darwin":
        return _home() / "Library" / "Application Support" / "mintonce"
    name = "LOCALAPPDATA" if platform == "win32" else "XDG_STATE_HOME"
    given = Path(environment.get(name, ""))
    # A relative path is to be ignored (XDG Base Directory Specification): it would mean another
    # directory, and so another count of token requests, for each working directory.
    if given.is_absolute():
        return given / "mintonce"
    default = ("AppData", "Local") if platform == "win32" else (".local", "state")
    return _home().joinpath(*default, "mintonce")


def _home() -> Path:
    try:
        # Python takes an empty variable for the root of the file system.
        home = Path() if os.environ.get("HOME") == "" else Path.home()
    except RuntimeError:
        home = Path()
    if not home.is_absolute():
        raise UsageError("this user has no home directory: say with --store where to keep tokens")
    return home
