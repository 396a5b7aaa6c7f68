"""What OpenTelemetry exports, kept in memory for the tests to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mintonce.opentelemetry import Telemetry


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
