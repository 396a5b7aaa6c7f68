"""What gauges of OpenTelemetry show: what was told last, for as long as it holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opentelemetry.metrics import CallbackOptions, Observation

from mintonce.events import Event

Attributes = Mapping[str, str | int | float | bool]

_LATE = 60.0
"""Seconds that an event may take to get here. Whose clock is further off has another clock."""

Value = Callable[[Any, float], float]
"""What is shown of an event, at a time in Unix seconds."""


class Latest:
    """The latest event for each set of attributes; those that hold no more are forgotten.

    Time is that of the manager which told the event: its clock may be turned by hand. Nobody can
    read it here, so from the event on it is taken to run as the clock of this host does.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[object, ...], tuple[Event, Attributes, float, float]] = {}

    def note(self, event: Event, attributes: Attributes, *, until: float) -> None:
        """Take an event in the place of the one before, until then (by the manager's clock)."""
        behind = time.time() - event.at
        behind = 0.0 if 0 <= behind < _LATE else behind
        self._told[*attributes.values(),] = event, attributes, until, behind

    def observing(self, value: Value) -> Callable[[CallbackOptions], Iterable[Observation]]:
        """Return the callback of a gauge."""

        def observe(_: CallbackOptions) -> Iterable[Observation]:
            here = time.time()
            for key, (event, attributes, until, behind) in [*self._told.items()]:
                now = here - behind
                if now < until:
                    yield Observation(value(event, now), attributes)
                else:
                    self._told.pop(key, None)

        return observe
