"""`mintonce.opentelemetry` with the SDK: which metrics and spans come of what managers do."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import REGISTRY, generate_latest

from asking import SECRET
from examples import ROOT
from managing import credentials, manager, server_of
from mintonce import Budget, MemoryStore, MintonceError, TokenManager, events
from mintonce.opentelemetry import Telemetry
from mintonce.testing import AuthorizationServer, Fault

pytestmark = pytest.mark.asyncio


@dataclass
class Exported:
    """What a telemetry has made so far."""

    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def __post_init__(self) -> None:
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        meters = MeterProvider([self.reader], shutdown_on_exit=False)
        self.telemetry = Telemetry(meter_provider=meters, tracer_provider=tracers)

    @property
    def metrics(self) -> dict[str, Any]:
        """Each metric by its name."""
        data: Any = self.reader.get_metrics_data()
        (resource,) = data.resource_metrics
        (scope,) = resource.scope_metrics
        assert "mintonce" == scope.scope.name
        return {metric.name: metric for metric in scope.metrics}

    def points(self, name: str, *attributes: str) -> dict[Any, Any]:
        """The points of a metric by these attributes."""
        found = {}
        for point in self.metrics[name].data.data_points:
            assert point.attributes["mintonce.source"].startswith("token-")
            key = tuple(point.attributes[f"mintonce.{attribute}"] for attribute in attributes)
            found[key] = getattr(point, "value", None) or getattr(point, "count", 0)
        return found

    def the_span(self) -> ReadableSpan:
        """The one span."""
        (span,) = self.spans.get_finished_spans()
        return span


async def one_of_each(server: AuthorizationServer, *listeners: Telemetry) -> None:
    """Have most things happen once: minted, adopted, rejected, refused, lost, and out of budget."""
    store, budget = MemoryStore(), Budget(3, per="month")
    options: dict[str, Any] = {"store": store, "budget": budget, "on_event": listeners}
    async with manager(server, **options) as first, manager(server, **options) as second:
        await first.invalidate(await first.get())
        await first.get()
        await second.get()
    server.fail(Fault.status(401, json={"error": "invalid_client"}))
    server.fail(Fault.lose_answer())
    for _ in range(3):
        options["store"] = MemoryStore() if _ < 2 else store
        async with manager(server, **options) as tokens:
            with suppress(MintonceError):
                await tokens.get(min_validity=1)


async def test_metrics() -> None:
    """Mints by reason and outcome, tokens by origin, waits, rejections, pauses and the budget."""
    exported, before = Exported(), time.time()
    async with server_of() as server:
        await one_of_each(server, exported.telemetry)
    assert exported.points("mintonce.mints", "reason", "outcome") == {
        ("cold", "minted"): 1,
        ("rejected", "minted"): 1,
        ("cold", "refused"): 1,
        ("cold", "lost"): 1,
    }
    assert {("minted",): 2, ("adopted",): 2} == exported.points("mintonce.tokens", "origin")
    assert {("minted",): 2, ("adopted",): 2} == exported.points("mintonce.wait.duration", "origin")
    assert {("minted",): 2, ("refused",): 1, ("lost",): 1} == exported.points(
        "mintonce.mint.duration", "outcome"
    )
    assert {(): 1} == exported.points("mintonce.rejections")
    assert {("permanent",): 1, ("lost",): 1} == exported.points("mintonce.cool_downs", "trouble")
    assert {(False,): 2} == exported.points("mintonce.renewal.failures", "early")
    (age,) = exported.points("mintonce.token.age").values()
    assert 0 < age < time.time() - before


async def test_budgets() -> None:
    """Used and left, by window, as they stand after the last mint."""
    exported = Exported()
    budgets = [Budget(3, per="month"), Budget(20, per="day")]
    options: dict[str, Any] = {"budget": budgets, "on_event": exported.telemetry}
    async with server_of() as server, manager(server, **options) as tokens:
        await tokens.invalidate(await tokens.get())
        await tokens.get()
    assert {("month",): 2, ("day",): 2} == exported.points("mintonce.budget.used", "budget.window")
    assert {("month",): 1, ("day",): 18} == exported.points("mintonce.budget.left", "budget.window")


async def test_a_span_around_a_mint() -> None:
    """It begins and ends with the token request."""
    exported, before = Exported(), time.time_ns()
    async with (
        server_of(latency=0.02) as server,
        manager(server, on_event=exported.telemetry) as tokens,
    ):
        token = await tokens.get()
    span = exported.the_span()
    assert ("mint", SpanKind.CLIENT, None) == (span.name, span.kind, span.parent)
    assert span.start_time
    assert span.end_time
    assert before <= span.start_time <= span.end_time - 20_000_000 <= time.time_ns()
    assert span.status.is_unset
    said = span.attributes or {}
    assert said["mintonce.token.fingerprint"] == token.fingerprint
    assert ("cold", "minted") == (said["mintonce.reason"], said["mintonce.outcome"])


async def test_a_span_of_a_mint_that_failed() -> None:
    """It says what went wrong."""
    exported = Exported()
    async with server_of() as server, manager(server, on_event=exported.telemetry) as tokens:
        server.fail(Fault.status(401, json={"error": "invalid_client"}))
        with suppress(MintonceError):
            await tokens.get()
    span = exported.the_span()
    assert not span.status.is_ok
    assert "invalid_client" in (span.status.description or "")
    said = span.attributes or {}
    assert ("invalid_client", 401) == (said["error.type"], said["http.response.status_code"])
    assert "refused" == said["mintonce.outcome"]


async def test_other_troubles() -> None:
    """Those that take a crash or a store to happen, as managers tell them."""
    exported = Exported()
    common: dict[str, Any] = {"source": "token-1"}
    for event in (
        events.LeaseTakenOver(by="host:1", reason="cold", **common),
        events.StoreFailed(consequence="it waits", message="refused", **common),
        events.RecordPutAside(where="there", message="odd", aside="x", **common),
    ):
        exported.telemetry(event)
    assert {(): 1} == exported.points("mintonce.takeovers")
    assert {(): 1} == exported.points("mintonce.store.failures")


async def test_prometheus() -> None:
    """The exposition has them under the names that Prometheus makes of them."""
    reader = PrometheusMetricReader()
    try:
        telemetry = Telemetry(meter_provider=MeterProvider([reader], shutdown_on_exit=False))
        async with server_of() as server, manager(server, on_event=telemetry) as tokens:
            await tokens.get()
        text = generate_latest(REGISTRY).decode()
    finally:
        reader.shutdown()
    (line,) = re.findall(r"^mintonce_mints_total{(.*)} 1.0$", text, re.MULTILINE)
    assert 'mintonce_outcome="minted"' in line
    assert re.search(r"^mintonce_mint_duration_seconds_count{.*} 1.0$", text, re.MULTILINE)
    assert re.search(r"^mintonce_token_age_seconds{.*} \S+$", text, re.MULTILINE)


async def test_gauges_forget() -> None:
    """What is over is shown no more: a budget whose window has ended, a token that has expired."""
    exported = Exported()
    for source, left in (("token-over", -1), ("token-here", 60)):
        at, ends = time.time() - 90, time.time() + left
        told: dict[str, Any] = {"source": source, "at": at, "limit": 9, "used": 1, "left": 8}
        exported.telemetry(events.BudgetCounted(per="hour", resets_at=ends, **told))
        told = {"source": source, "fingerprint": "f", "lifetime": 90.0, "expires_at": ends}
        exported.telemetry(events.TokenAdopted(age=0.0, waited=0.0, **told))
    for name in ("budget.used", "budget.left", "token.age"):
        assert [("token-here",)] == [*exported.points(f"mintonce.{name}", "source")]


async def test_one_listener_for_many_managers() -> None:
    """They are told apart by their sources."""
    exported = Exported()
    async with server_of() as server:
        for audience in ("a", "b"):
            source = credentials(server, audience=audience)
            async with TokenManager(source, on_event=exported.telemetry) as tokens:
                await tokens.get()
    points = exported.metrics["mintonce.mints"].data.data_points
    assert 2 == len({point.attributes["mintonce.source"] for point in points})


async def test_it_tells_no_secret() -> None:
    """Neither a token nor the client secret, in any metric or span."""
    exported = Exported()
    async with server_of() as server:
        await one_of_each(server, exported.telemetry)
        async with manager(server) as tokens:
            token = await tokens.get()
    data: Any = exported.reader.get_metrics_data()
    told = data.to_json() + "".join(span.to_json() for span in exported.spans.get_finished_spans())
    assert SECRET not in told
    assert token.access_token[:12] not in told


def listed() -> Iterator[tuple[str, str, str, set[str]]]:
    """The table of the page."""
    page = (ROOT / "docs/how-to/opentelemetry.md").read_text("utf-8")
    row = re.compile(r"^\| `(\S+)` \| (\w+) \| `(\S+)` \|(.*)\|$", re.MULTILINE)
    for name, kind, unit, attributes in row.findall(page):
        yield name, kind, unit, set(re.findall(r"`((?:mintonce|error)\.[\w.]+)`", attributes))


async def test_the_page_lists_what_there_is() -> None:
    """Names, kinds, units and attributes of all metrics."""
    exported = Exported()
    async with server_of() as server:
        await one_of_each(server, exported.telemetry)
    exported.telemetry(events.LeaseTakenOver(source="s", by="host:1", reason="cold"))
    exported.telemetry(events.StoreFailed(source="s", consequence="it waits", message="refused"))
    kinds = {"Sum": "counter", "Gauge": "gauge", "Histogram": "histogram"}
    made = [
        (
            metric.name,
            kinds[type(metric.data).__name__],
            metric.unit,
            {key for point in metric.data.data_points for key in point.attributes}
            - {"mintonce.source"},
        )
        for metric in exported.metrics.values()
    ]
    assert sorted(listed(), key=str) == sorted(made, key=str)
