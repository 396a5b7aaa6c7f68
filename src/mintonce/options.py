"""What can be given to a manager: each function checks one thing, and says what to change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from inspect import iscoroutinefunction
from typing import Any

from mintonce.budget import Budget
from mintonce.credentials.source import DerivableSource, TokenSource
from mintonce.errors import UsageError
from mintonce.herald import Listener
from mintonce.stores import MemoryStore, TokenStore, open_store
from mintonce.token import Token, fingerprint

_LONGEST = 1e12  # seconds: far beyond all that can be meant


def seconds(name: str, value: object, *, at_least: float = -math.inf) -> float:
    """Return a number of seconds."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not at_least <= value <= _LONGEST:  # type: ignore[operator]  # it is a number
        least = "" if at_least == -math.inf else f", {at_least:g} or more"
        raise UsageError(f"{name} must be a number of seconds{least}, not {value!r:.40}")
    return float(value)  # type: ignore[arg-type]  # as above


def budgets(value: Budget | Sequence[Budget] | None) -> Sequence[Budget]:
    """Return the budgets as a list."""
    found = [value] if isinstance(value, Budget) else value or []
    if not isinstance(found, list | tuple) or not all(isinstance(b, Budget) for b in found):
        raise UsageError(f"budget must be a Budget or a list of them, not {value!r}")
    return found


def store(value: TokenStore | str | None) -> TokenStore:
    """Return the store: the one that was given, one opened by its URL, or memory."""
    if value is None:
        return MemoryStore()
    found = open_store(value) if isinstance(value, str) else value
    if not _has(found, "read") or not _has(found, "swap"):
        raise UsageError(
            "store must be a store (with read and swap) or a URL such as file:///var/lib/tokens,"
            f" not {type(found).__name__}"
        )
    return found


def mark(value: Token | str) -> str:
    """Return the fingerprint of a token."""
    if not isinstance(value, Token | str):
        raise UsageError(f"invalidate takes a Token or a str, not {type(value).__name__}")
    return value.fingerprint if isinstance(value, Token) else fingerprint(value)


def source(value: TokenSource) -> TokenSource:
    """Return the source."""
    if not isinstance(getattr(value, "key", None), str) or not _has(value, "mint"):
        raise UsageError("a token source must have a key, which is a str, and async mint()")
    return value


def derived(value: TokenSource, parameters: Mapping[str, object]) -> TokenSource:
    """Return the source of the same client for other parameters."""
    if not isinstance(value, DerivableSource):
        raise UsageError(
            f"{type(value).__name__} has no method for_(**parameters) that returns the source for"
            " others: write one, or make a TokenManager for each source, with one store object"
        )
    return source(value.for_(**parameters))


def listeners(value: Listener | Sequence[Listener]) -> Sequence[Listener]:
    """Return the listeners as a list."""
    found: Sequence[Any] = [value] if callable(value) else value
    if not isinstance(found, list | tuple) or not all(callable(one) for one in found):
        raise UsageError(f"on_event must be a function or a list of them, not {value!r:.40}")
    if any(iscoroutinefunction(call) for one in found for call in (one, one.__call__)):
        raise UsageError("on_event must be a plain function: it is called outside of event loops")
    return found


def _has(thing: object, method: str) -> bool:
    # A class has them too, but it takes an object of it to call them.
    return not isinstance(thing, type) and callable(getattr(thing, method, None))
