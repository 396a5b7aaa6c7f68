"""Metrics and traces of what managers do, for OpenTelemetry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

try:
    from opentelemetry.metrics import (
        Counter,
        Histogram,
        Meter,
        MeterProvider,
        get_meter,
    )
    from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider, get_tracer
except ImportError as _missing:
    raise ImportError(
        "mintonce.opentelemetry needs opentelemetry-api: pip install 'mintonce[opentelemetry]'"
    ) from _missing

from mintonce import events
from mintonce.events import Event
from mintonce.gauges import Attributes, Latest, Value

Gauge = tuple[str, str, str, Value]
"""Its name, unit and description, and what of an event it shows."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_DAY = 86_400.0
_NAME = "mintonce"
_BUDGET_GAUGES: tuple[Gauge, ...] = (
    ("budget.used", "{request}", "Token requests that count in the window", lambda b, _: b.used),
    ("budget.left", "{request}", "Token requests that are still allowed", lambda b, _: b.left),
)
_TOKEN_GAUGES: tuple[Gauge, ...] = (
    (
        "token.age",
        "s",
        "Time since the newest token was asked for",
        lambda token, now: now - (token.expires_at - token.lifetime),
    ),
)


class Telemetry:
    """A listener that makes metrics and spans of events. One may serve many managers.

    ::

        TokenManager(credentials, on_event=Telemetry())

    ``docs/how-to/opentelemetry.md`` lists the metrics. All have the attribute ``mintonce.source``,
    which tells managers apart. Each token request is a span of kind CLIENT, with no parent: it is
    sent for all who wait. Neither tokens nor secrets are told; spans name fingerprints.

    Args:
        meter_provider: Where metrics go; the global one unless given.
        tracer_provider: Where spans go; the global one unless given.

    """

    def __init__(
        self,
        *,
        meter_provider: MeterProvider | None = None,
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        meter = get_meter(_NAME, meter_provider=meter_provider)
        self._tracer = get_tracer(_NAME, tracer_provider=tracer_provider)
        self._mints = meter.create_counter(
            "mintonce.mints", "{request}", "Token requests, by reason and outcome"
        )
        self._duration = _seconds(meter, "mintonce.mint.duration", "Time that token requests took")
        self._tokens = meter.create_counter(
            "mintonce.tokens", "{token}", "Tokens obtained, by where they came from"
        )
        self._waits = _seconds(meter, "mintonce.wait.duration", "Time until a token was obtained")
        self._counted = _counters(meter)
        self._budgets = _gauges(meter, _BUDGET_GAUGES)
        self._newest = _gauges(meter, _TOKEN_GAUGES)

    def __call__(self, event: Event) -> None:
        """Take one event; a manager does this."""
        source = {"mintonce.source": event.source}
        match event:
            case events.TokenMinted():
                self._minted(event, source)
            case events.MintFailed():
                self._failed(event, source)
            case events.TokenAdopted():
                self._obtained(event, {**source, "mintonce.origin": "adopted"}, event.waited)
            case events.BudgetCounted():  # and BudgetLow, which is one too
                # A window that moves has no end; then the count is good until about the next one.
                ends = event.resets_at if event.resets_at > event.at else event.at + _DAY
                self._budgets.note(event, {**source, **_budget(event)}, until=ends)
            case _ if counted := self._counted.get(type(event)):
                counter, fields = counted
                found = {name: getattr(event, field) for name, field in fields.items()}
                counter.add(1, {**source, **found})
            case _:
                pass  # told in the log

    def _minted(self, event: events.TokenMinted, source: Attributes) -> None:
        self._obtained(event, {**source, "mintonce.origin": "minted"}, event.elapsed)
        said = {"mintonce.token.fingerprint": event.fingerprint}
        self._requested(event, {**source, "mintonce.outcome": "minted"}, said)

    def _failed(self, event: events.MintFailed, source: Attributes) -> None:
        outcome = "lost" if event.may_have_issued else "refused"
        said: dict[str, str | int] = {"error.type": event.error or "TokenRequestError"}
        if event.status is not None:
            said["http.response.status_code"] = event.status
        self._requested(event, {**source, "mintonce.outcome": outcome}, said, event.message)

    def _obtained(
        self, event: events.TokenMinted | events.TokenAdopted, origin: Attributes, seconds: float
    ) -> None:
        self._tokens.add(1, origin)
        self._waits.record(seconds, origin)
        source = {"mintonce.source": event.source}
        self._newest.note(event, source, until=event.expires_at)

    def _requested(
        self,
        event: events.TokenMinted | events.MintFailed,
        outcome: Attributes,
        said: Attributes,
        error: str | None = None,
    ) -> None:
        attributes = {**outcome, "mintonce.reason": event.reason}
        self._mints.add(1, attributes)
        self._duration.record(event.elapsed, outcome)
        span = self._tracer.start_span(
            "mint",
            kind=SpanKind.CLIENT,
            attributes={**attributes, **said},
            start_time=_nanoseconds(event.at - event.elapsed),
        )
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(_nanoseconds(event.at))


def _budget(event: events.BudgetCounted) -> Attributes:
    """Return what tells the budgets of one source apart."""
    return {
        "mintonce.budget.window": event.per,
        "mintonce.budget.limit": event.limit,
        # Never left out: an exporter has one set of labels for all points of a metric.
        "mintonce.budget.name": event.name or "",
    }


def _counters(meter: Meter) -> Mapping[type[Event], tuple[Counter, Mapping[str, str]]]:
    """Return what only counts events, each with the fields that become attributes."""

    def counter(name: str, unit: str, description: str) -> Counter:
        return meter.create_counter(f"mintonce.{name}", unit, description)

    return {
        events.TokenRejected: (
            counter("rejections", "{token}", "Tokens that the API answered with 401"),
            {},
        ),
        events.RenewalFailed: (
            counter("renewal.failures", "{failure}", "Renewals that brought no token"),
            {"error.type": "kind", "mintonce.early": "early"},
        ),
        events.StoreFailed: (
            counter("store.failures", "{failure}", "What the store did not do"),
            {},
        ),
        events.CoolDownStarted: (
            counter("cool_downs", "{cool_down}", "Pauses in which nobody asks, by trouble"),
            {"mintonce.trouble": "trouble"},
        ),
        events.LeaseTakenOver: (
            counter("takeovers", "{lease}", "Leases taken over from processes without life"),
            {},
        ),
    }


def _gauges(meter: Meter, gauges: Iterable[Gauge]) -> Latest:
    latest = Latest()
    for name, unit, description, value in gauges:
        meter.create_observable_gauge(
            f"mintonce.{name}", [latest.observing(value)], unit, description
        )
    return latest


def _seconds(meter: Meter, name: str, description: str) -> Histogram:
    return meter.create_histogram(
        name, "s", description, explicit_bucket_boundaries_advisory=_SECONDS
    )


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
