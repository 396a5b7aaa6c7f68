"""The servers of the stores in `backends/`, as their tests start them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

_ROOT = Path(__file__).parents[1]
_PLACES = sorted(_ROOT.glob("backends/*/tests/*_server.py"))
sys.path += [str(_ROOT / "tests"), *(str(place.parent) for place in _PLACES)]

from backing.server import StoreServer  # noqa: E402 - found only now

for _place in _PLACES:
    import_module(_place.stem)

KINDS: Sequence[type[StoreServer]] = StoreServer.__subclasses__()
"""One for each directory in `backends/` that has a server."""


@contextmanager
def running(kind: type[StoreServer]) -> Iterator[StoreServer]:
    """A server of this kind, for as long as it is needed."""
    with TemporaryDirectory(prefix="mo-") as directory:  # short, for the path of a socket
        server = kind(Path(directory))
        server.start()
        try:
            yield server
        finally:
            server.stop()
