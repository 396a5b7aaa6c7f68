"""Options that can also be set in the environment, and the kinds of values that they take."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar, cast, get_args

import click

from mintonce.budget import Period

F = TypeVar("F", bound=Callable[..., Any])

_ALLOWANCE = re.compile(r"([1-9]\d{0,8})/(?:(hour|day|month)|([1-9]\d{0,4})([smhd]))", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class _Option(click.Option):
    """An option ``--some-thing`` that is also read from ``MINTONCE_SOME_THING``."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        name = max(self.opts, key=len).lstrip("-")
        self.envvar = f"MINTONCE_{name.replace('-', '_').upper()}"
        self.show_envvar = True


def option(*declarations: str, **attributes: Any) -> Callable[[F], F]:
    """As ``click.option``."""
    return click.option(*declarations, cls=_Option, **attributes)


def json_option(function: F) -> F:
    """Add ``--json``."""
    add = option("--json", "as_json", is_flag=True, help="Print it as JSON, for programs.")
    return add(function)


class _Seconds(click.FloatRange):
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds = float(super().convert(value, param, ctx))
        # The range has "nan" too, which is neither below nor above anything.
        if not math.isfinite(seconds):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return seconds


SECONDS = _Seconds(min=0)
"""A span of time: a number that is finite and not negative."""


class Allowance(NamedTuple):
    """So many token requests in each window."""

    limit: int
    per: Period | timedelta


def allowance(text: str) -> Allowance:
    """Read ``1000/month`` or ``10/8h``.

    Raises:
        click.BadParameter: It is something else.

    """
    found = _ALLOWANCE.fullmatch(text)
    if not found:
        raise click.BadParameter(
            f"{text!r} is no budget: write 1000/month, 100/day, 10/hour, or 10/8h"
        )
    limit, period, length, unit = found.groups()
    if period in get_args(Period):
        return Allowance(int(limit), cast("Period", period))
    return Allowance(int(limit), timedelta(**{_UNITS[unit]: int(length)}))


def pair(text: str) -> tuple[str, str]:
    """Read ``NAME=VALUE``.

    Raises:
        click.BadParameter: It is something else.

    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        # It is not shown: whoever writes it otherwise may have left a secret there.
        raise click.BadParameter("write NAME=VALUE")
    return name, value
