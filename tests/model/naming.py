"""Numbers for values, and other names for processes: what makes many states one."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, Generic, TypeVar

from mintonce.record import CoolDown
from mintonce.renewal import Need
from mintonce.token import Token
from model.values import Coming, Process

T = TypeVar("T")

OTHER = 9
"""The name of all other processes, seen from one of them."""


class Catalog(Generic[T]):
    """Numbers values in the order in which they turn up."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}
        self.values: list[T] = []

    def number(self, value: T) -> int:
        """Return the number of `value`, which is the same for what is equal."""
        found = self._numbers.setdefault(value, len(self.values))
        if found == len(self.values):
            self.values.append(value)
        return found


def renamed(value: Any, names: tuple[int, ...]) -> Any:
    """Give every process that is named in `value` the name that `names` has for it.

    The names of leases and mints begin with that of their process: ``@0.1``, ``@0.1.0``.
    """
    if isinstance(value, Need | Token | CoolDown | float | int | type(None)):
        return value
    if isinstance(value, str):
        return f"@{names[int(value[1])]}{value[2:]}" if value.startswith("@") else value
    if isinstance(value, tuple):
        parts = [renamed(part, names) for part in value]
        if isinstance(value, Process | Coming):
            parts[0] = names[value[0]]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if is_dataclass(value) and not isinstance(value, type):
        parts_by_name = {f.name: renamed(getattr(value, f.name), names) for f in fields(value)}
        return type(value)(**parts_by_name)
    return value


def nameless(process: Process) -> Process:
    """Return what is the same for processes that differ only by name."""
    names = [OTHER] * OTHER
    names[process.name] = 0
    return renamed(process, tuple(names))  # type: ignore[no-any-return]  # a process again
