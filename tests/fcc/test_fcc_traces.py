"""Traces: a span a request and one an attempt, if somebody wants them."""

from __future__ import annotations

import pytest

from engine.decision import Tries
from fcc.traces import spans, tracer
from support.decisions import row

sdk = pytest.importorskip("opentelemetry.sdk.trace")
memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
export = pytest.importorskip("opentelemetry.sdk.trace.export")


def test_nobody_is_traced_without_an_address() -> None:
    assert tracer({}) is None


def test_a_span_a_request_and_one_an_attempt() -> None:
    exporter, provider = memory.InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    attempts = [Tries("a/one", "timeout", 1.0, 500.0, None), Tries("b/two", None, 501.0, 399.0, 20.0)]
    spans(provider)(row(at=1_000.0, ms=900.0, error=None, attempts=attempts, target="b/two"))
    first, second, whole = exporter.get_finished_spans()
    assert (whole.name, whole.parent) == ("fcc.request", None)
    assert whole.end_time - whole.start_time == 900_000_000
    assert whole.attributes["gen_ai.response.model"] == "b/two"
    assert "error.type" not in whole.attributes
    assert [one.attributes["fcc.outcome"] for one in (first, second)] == ["timeout", "answered"]
    assert {one.parent.span_id for one in (first, second)} == {whole.context.span_id}
    assert second.start_time - whole.start_time == 501_000_000
    assert second.end_time == whole.end_time
