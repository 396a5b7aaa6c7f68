"""Frozen dataclasses to versioned JSON bytes and back, believing nothing that was stored.

Others write to the same store: older and newer versions of this package, operators, crashes.
So every field is checked against its annotation, and bytes that do not fit are `Unreadable`.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    TypeGuard,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

VERSION = 1
"""The schema that this package writes. It reads this one and none that is newer."""

_HUGE = 2**63  # no time and no count comes near it

_NOTHING = object()

T = TypeVar("T")


class Unreadable(ValueError):
    """The bytes are not what this version writes; the message says in what way."""


def dump(value: object, *, writer: str) -> bytes:
    """Encode the dataclass `value`.

    `writer` is unique to this write, so that equal bytes mean the same write: also on a store that
    compares hashes, a value that was changed and changed back is not taken for the old one.
    """
    members = {"version": VERSION, "writer": writer, **_members_of(value)}
    return json.dumps(members, separators=(",", ":"), default=_members_of).encode()


def load(kind: type[T], data: bytes) -> T:
    """Decode `data` to the dataclass `kind`.

    Raises:
        Unreadable: It is truncated, foreign, or written by a newer version.

    """
    members = _parsed(data)
    if members is _NOTHING:
        # Not raised where it was noticed: that error holds all of the bytes, and would come along.
        raise Unreadable("it is not JSON")
    version = cast(Any, members).get("version") if isinstance(members, dict) else None
    if version != VERSION:
        # What else stands there may be a token, or be too deep to be printed.
        shown = f"{version:.0f}" if _fits(float, version) else "missing"
        raise Unreadable(f"its schema version is {shown}, not {VERSION}")
    return cast(T, _read(kind, members))


def _members_of(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _NOTHING


def _read(kind: Any, value: Any) -> Any:
    is_object, origin, options = _shape(kind)
    if is_object:
        return _members(kind, value)
    if origin in (Union, UnionType) and NoneType in options:
        return None if value is None else _read(options[0], value)
    if origin is tuple and _is_list(value):
        return _items(options, value)
    if value in options if origin is Literal else _fits(kind, value):
        return value
    raise Unreadable(f"a member is not of the type {kind}")


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _items(kinds: tuple[Any, ...], values: list[Any]) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(_read(kinds[0], value) for value in values)
    if len(kinds) != len(values):
        raise Unreadable("a list has the wrong length")
    return tuple(map(_read, kinds, values))


def _members(kind: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise Unreadable(f"a {kind.__name__} is not an object")
    try:
        return kind(**{name: _read(hint, value[name]) for name, hint in _hints(kind).items()})
    except KeyError as missing:
        raise Unreadable(f"a {kind.__name__} has no member {missing}") from None
    except Unreadable:
        raise
    except ValueError as flaw:
        raise Unreadable(str(flaw)) from None


@cache
def _shape(kind: Any) -> tuple[bool, Any, tuple[Any, ...]]:
    return is_dataclass(kind), get_origin(kind), get_args(kind)


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _fits(kind: type, value: object) -> bool:
    # An exact match: `True` is no number of failures. But a whole number will do for a fraction.
    if type(value) not in ((int, float) if kind is float else (kind,)):
        return False
    return not isinstance(value, int | float) or -_HUGE < value < _HUGE
