"""open_store: from the URL in a configuration to a store."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from mintonce.errors import UsageError
from mintonce.stores.file import FileStore
from mintonce.stores.memory import MemoryStore
from mintonce.stores.protocol import TokenStore

ENTRY_POINTS = "mintonce.stores"
"""Where packages offer stores: the name is a URL scheme, the object takes a URL and returns one."""


def open_store(url: str) -> TokenStore:
    """Return the store that a URL names. Nothing is connected or created before its first use.

    Args:
        url: ``memory:``, ``file:///an/absolute/path`` (percent-encoded), or with any other scheme
            whatever an installed package offers under the entry-point group ``mintonce.stores``.

    Raises:
        UsageError: The URL makes no sense, or no installed package offers its scheme.

    """
    # No message holds the URL itself, nor does one that comes along: there may be a password in it.
    parts = _split(url)
    if parts is None:
        raise UsageError("the URL of the store cannot be read")
    match parts.scheme:
        case "":
            raise UsageError("the store needs a URL with a scheme, such as file:///var/lib/tokens")
        case "memory":
            return _memory(parts)
        case "file":
            return _file(parts)
        case scheme:
            return _offered(scheme, url)


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _memory(parts: SplitResult) -> MemoryStore:
    if any(parts[1:]):
        raise UsageError("nothing can follow 'memory:', since each such store is a new one")
    return MemoryStore()


def _file(parts: SplitResult) -> FileStore:
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise UsageError("a file URL needs an absolute path after two slashes: file:///var/lib/x")
    if parts.query or parts.fragment:
        raise UsageError("in a file URL, write ? as %3F and # as %23")
    path = os.fsdecode(unquote_to_bytes(parts.path))
    return FileStore(path if os.name == "posix" else path.lstrip("/"))


def _offered(scheme: str, url: str) -> TokenStore:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and rarely needed

    for offer in entry_points(group=ENTRY_POINTS, name=scheme):
        try:
            make: Callable[[str], TokenStore] = offer.load()
        except (ImportError, AttributeError) as problem:
            raise UsageError(
                f"the package that offers stores for '{scheme}:' cannot be imported: {problem}"
            ) from problem
        return make(url)
    known = {"file", "memory", *(offer.name for offer in entry_points(group=ENTRY_POINTS))}
    without_driver = scheme.partition("+")[0]  # as others name one: scheme+driver
    if without_driver in known:
        advice = f"write '{without_driver}:'"
    else:
        advice = f"{_advice(scheme)} (entry-point group {ENTRY_POINTS})"
    raise UsageError(f"no installed package offers stores for '{scheme}:': {advice}")


def _advice(scheme: str) -> str:
    from importlib.metadata import PackageNotFoundError, requires  # noqa: PLC0415 - as above

    with suppress(PackageNotFoundError):  # the sources are used without being installed
        for requirement in requires("mintonce") or ():
            store = re.match(r"mintonce-(\w+)", requirement)
            if store and scheme.startswith(store[1]):
                return f"pip install 'mintonce[{store[1]}]'"
    return "install one that does"
