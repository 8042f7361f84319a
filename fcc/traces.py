"""OpenTelemetry traces, if the extra `otel` is installed and `OTEL_EXPORTER_OTLP_ENDPOINT` says where to.

One span a request and one below it for each attempt, made from the finished row, so that nothing is measured twice and
nothing is done while an answer streams. Names of attributes: opentelemetry.io/docs/specs/semconv/gen-ai, else `fcc.…`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.decision import Decision

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SECOND, MILLISECOND = 1_000_000_000, 1_000_000

Trace = Callable[[Decision], None]


def tracer(env: Mapping[str, str]) -> Trace | None:
    """None: nobody wants traces, or they cannot be made here."""
    if not env.get(ENDPOINT):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        return None
    provider = TracerProvider(resource=Resource.create({"service.name": "fcc"}))
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(env[ENDPOINT].rstrip("/") + "/v1/traces"))
    )
    return spans(provider)


def spans(provider: Any) -> Trace:
    """Spans by a `TracerProvider`."""
    from opentelemetry import trace
    from opentelemetry.context import Context

    source = provider.get_tracer("fcc")

    def record(row: Decision) -> None:
        start = int(row.at * SECOND)
        span = source.start_span(
            "fcc.request", Context(), start_time=start, attributes=whole(row), kind=trace.SpanKind.SERVER
        )
        within = trace.set_span_in_context(span, Context())
        for one in row.attempts:
            begun = start + int(one.after * MILLISECOND)
            attributes = {"gen_ai.request.model": one.target, "fcc.outcome": one.failure or "answered"}
            child = source.start_span(
                "fcc.attempt", within, start_time=begun, attributes=attributes, kind=trace.SpanKind.CLIENT
            )
            child.end(begun + int(one.ms * MILLISECOND))
        span.end(start + int(row.ms * MILLISECOND))

    return record


def whole(row: Decision) -> dict[str, Any]:
    """Attributes of a request. None is no attribute's value."""
    found = {
        "fcc.request": row.request,
        "fcc.route": row.route,
        "fcc.task": row.task,
        "gen_ai.request.model": row.asked,
        "gen_ai.response.model": row.target,
        "gen_ai.conversation.id": row.session,
        "gen_ai.usage.input_tokens": row.tokens_in,
        "gen_ai.usage.output_tokens": row.tokens_out,
        "http.response.status_code": row.status,
        "error.type": row.error,
    }
    return {name: value for name, value in found.items() if value is not None}
