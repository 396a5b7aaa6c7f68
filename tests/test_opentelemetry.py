"""`mintonce.opentelemetry` with the SDK: which metrics and spans come of what managers do."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.trace import SpanKind
from prometheus_client import REGISTRY, generate_latest

from asking import SECRET
from examples import ROOT
from exporting import Exported
from managing import credentials, manager, server_of
from mintonce import Budget, MemoryStore, MintonceError, TokenManager, events
from mintonce.opentelemetry import Telemetry
from mintonce.testing import AuthorizationServer, Fault

pytestmark = pytest.mark.asyncio


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


async def test_without_opentelemetry() -> None:
    """To import it says what to install."""
    code = "import sys; sys.modules['opentelemetry.metrics'] = None; import mintonce.opentelemetry"
    done = await asyncio.to_thread(
        partial(subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True)
    )
    assert 1 == done.returncode
    assert "pip install 'mintonce[opentelemetry]'" in done.stderr.splitlines()[-1]
