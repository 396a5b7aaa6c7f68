"""What gauges of OpenTelemetry show: what was told last, for as long as it holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opentelemetry.metrics import CallbackOptions, Observation

from mintonce.events import Event

Attributes = Mapping[str, str | int | float | bool]

Value = Callable[[Any, float], float]
"""What is shown of an event, at a time in Unix seconds."""


class Latest:
    """The latest event for each set of attributes; those that hold no more are forgotten."""

    def __init__(self) -> None:
        self._told: dict[tuple[object, ...], tuple[Event, Attributes, float]] = {}

    def note(self, event: Event, attributes: Attributes, *, until: float) -> None:
        """Take an event in the place of the one before, until then (Unix seconds)."""
        self._told[*attributes.values(),] = event, attributes, until

    def observing(self, value: Value) -> Callable[[CallbackOptions], Iterable[Observation]]:
        """Return the callback of a gauge."""

        def observe(_: CallbackOptions) -> Iterable[Observation]:
            now = time.time()
            for key, (event, attributes, until) in [*self._told.items()]:
                if now < until:
                    yield Observation(value(event, now), attributes)
                else:
                    self._told.pop(key, None)

        return observe
