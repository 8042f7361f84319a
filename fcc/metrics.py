"""`/metrics`: what is counted, for Prometheus.

Counting is a few additions to plain numbers when a request is over, nothing while it streams. prometheus-client writes
them down when somebody looks, and is not imported before. Labels never carry what a client is free to choose: models
beyond the first `MOST_NAMES` are counted as `other`, and sessions are not in here at all.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Literal, Protocol

from engine.decision import Decision

MOST_NAMES = 200
"""Values of one label."""
OTHER = "other"

FIRST_TOKEN = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 60.0, 120.0)
TOTAL = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 240.0, 600.0)
"""Upper ends of the histograms' buckets, in seconds."""

Labels = tuple[str, ...]


@dataclass(slots=True)
class Histogram:
    ends: tuple[float, ...]
    counts: list[int]
    sum: float = 0.0

    @classmethod
    def of(cls, ends: tuple[float, ...]) -> Histogram:
        return cls(ends, [0] * (len(ends) + 1))

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.ends, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """Buckets as Prometheus has them: (upper end, how many were not above it)."""
        return list(zip([*map(str, self.ends), "+Inf"], accumulate(self.counts), strict=True))


@dataclass(slots=True)
class Counts:
    """Everything that is counted since the start."""

    requests: Counter[Labels] = field(default_factory=Counter)
    attempts: Counter[Labels] = field(default_factory=Counter)
    failovers: Counter[Labels] = field(default_factory=Counter)
    tokens: Counter[Labels] = field(default_factory=Counter)
    first_token: dict[Labels, Histogram] = field(default_factory=dict)
    total: dict[Labels, Histogram] = field(default_factory=dict)
    _targets: set[str] = field(default_factory=set)
    _routes: set[str] = field(default_factory=set)

    def request(self, status: int, row: Decision | None) -> None:
        """A request is over; `row` is None when it was refused before anything was decided."""
        if row is None:
            self.requests["", str(status)] += 1
            return
        route, target = bounded(self._routes, row.route), bounded(self._targets, row.target)
        self.requests[route, str(status)] += 1
        for one in row.attempts:
            name = target if one.target == row.target else bounded(self._targets, one.target)
            self.attempts[name, one.failure or "answered"] += 1
        if row.failovers:
            self.failovers[(route,)] += row.failovers
        if row.tokens_in is not None or row.tokens_out is not None:
            self._tokens(row, target)
        if row.first_token_ms is not None:
            observe(self.first_token, target, FIRST_TOKEN, row.first_token_ms)
        observe(self.total, route, TOTAL, row.ms)

    def _tokens(self, row: Decision, target: str) -> None:
        for kind in ("tokens_in", "tokens_out", "cache_read", "cache_write"):
            if count := getattr(row, kind):
                self.tokens[target, kind] += count


def observe(found: dict[Labels, Histogram], name: str, ends: tuple[float, ...], ms: float) -> None:
    histogram = found.get((name,))
    if histogram is None:
        histogram = found[name,] = Histogram.of(ends)
    histogram.add(ms / 1000)


def bounded(names: set[str], name: str) -> str:
    """The name, or `OTHER` when there are enough names already."""
    if name in names:
        return name
    if len(names) >= MOST_NAMES:
        return OTHER
    names.add(name)
    return name


@dataclass(frozen=True, slots=True)
class Reading:
    """What the metrics are read from at one moment."""

    counts: Counts
    candidates: list[dict[str, Any]]
    """As `engine.picture.picture` gives them."""
    in_flight: int
    generations: tuple[str, ...]
    """One, unless several workers are just changing to another."""
    refused: bool
    """The file on disk was refused and an earlier one is served."""
    ledger: Mapping[str, float] | None
    """`ok` 0 or 1, `committed`, `lost`; None: there is no ledger."""
    workers: tuple[int, int] | None = None
    """How many there should be, and of how many this is the sum; None: one process serves alone."""


Values = Mapping[Labels, Any]


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    kind: Literal["counter", "gauge", "histogram", "info"]
    labels: tuple[str, ...]
    doc: str
    read: Callable[[Reading], Values]


def by_target(reading: Reading, value: Callable[[dict[str, Any]], float]) -> Values:
    return {(one["target"],): value(one) for one in reading.candidates[:MOST_NAMES]}


def seconds_until(one: dict[str, Any]) -> float:
    return max((one["until"] or 0.0) - time.time(), 0.0)


def ledger(reading: Reading, name: str) -> Values:
    return {(): reading.ledger[name]} if reading.ledger is not None else {}


def workers(reading: Reading, which: int) -> Values:
    return {(): reading.workers[which]} if reading.workers is not None else {}


METRICS = (
    Metric(
        "fcc_requests",
        "counter",
        ("route", "status"),
        "requests by the route that took them and the HTTP status of the answer; 499: the client left",
        lambda r: r.counts.requests,
    ),
    Metric(
        "fcc_attempts",
        "counter",
        ("target", "outcome"),
        "models asked, by what came of it: answered, or the kind of failure",
        lambda r: r.counts.attempts,
    ),
    Metric(
        "fcc_failovers",
        "counter",
        ("route",),
        "times a request went on to another model",
        lambda r: r.counts.failovers,
    ),
    Metric(
        "fcc_tokens",
        "counter",
        ("target", "kind"),
        "tokens as reported by the model that answered: tokens_in, tokens_out, cache_read, cache_write",
        lambda r: r.counts.tokens,
    ),
    Metric(
        "fcc_first_token_seconds",
        "histogram",
        ("target",),
        "from the request to the first content, failed attempts included",
        lambda r: r.counts.first_token,
    ),
    Metric(
        "fcc_request_seconds",
        "histogram",
        ("route",),
        "from the request to the end of the answer",
        lambda r: r.counts.total,
    ),
    Metric(
        "fcc_requests_in_flight",
        "gauge",
        (),
        "requests that are being answered",
        lambda r: {(): r.in_flight},
    ),
    Metric(
        "fcc_model_in_flight",
        "gauge",
        ("target",),
        "requests that a model is answering",
        lambda r: by_target(r, lambda one: one["in_flight"]),
    ),
    Metric(
        "fcc_model_available",
        "gauge",
        ("target",),
        "1: the model may be asked; 0: it rests, is blocked, limited or busy, or its key is no good, in any worker",
        lambda r: by_target(r, lambda one: one["state"] in ("healthy", "probing")),
    ),
    Metric(
        "fcc_model_resting",
        "gauge",
        ("target",),
        "1 while a model rests after failures, in any worker",
        lambda r: by_target(r, lambda one: bool(one["health"]) and one["health"]["state"] == "resting"),
    ),
    Metric(
        "fcc_model_blocked_seconds",
        "gauge",
        ("target",),
        "until the model's block, verdict, rest or limit is over; the longest of all workers",
        lambda r: by_target(r, seconds_until),
    ),
    Metric(
        "fcc_policy",
        "info",
        ("generation",),
        "the policy in force",
        lambda r: {(one,): 1 for one in r.generations},
    ),
    Metric(
        "fcc_policy_refused",
        "gauge",
        (),
        "1: the file on disk has errors, an earlier policy is served",
        lambda r: {(): r.refused},
    ),
    Metric(
        "fcc_workers",
        "gauge",
        (),
        "processes that should serve; only of several",
        lambda r: workers(r, 0),
    ),
    Metric(
        "fcc_workers_reporting",
        "gauge",
        (),
        "processes that told their figures: gauges are of these, counters of all there have been",
        lambda r: workers(r, 1),
    ),
    Metric("fcc_ledger_ok", "gauge", (), "0: the ledger cannot be written now", lambda r: ledger(r, "ok")),
    Metric(
        "fcc_ledger_rows",
        "counter",
        (),
        "rows committed since the start",
        lambda r: ledger(r, "committed"),
    ),
    Metric(
        "fcc_ledger_lost",
        "counter",
        (),
        "rows lost because the ledger could not be written for too long",
        lambda r: ledger(r, "lost"),
    ),
)


def metrics_table() -> list[tuple[str, str, str, str]]:
    """For the docs: name as it is scraped, kind, labels, meaning."""
    suffixes = {"counter": "_total", "info": "_info"}
    return [
        (one.name + suffixes.get(one.kind, ""), one.kind, ", ".join(one.labels), one.doc) for one in METRICS
    ]


class Exposition:
    """A reading as prometheus-client collects it."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def collect(self) -> Iterator[Any]:
        for metric in METRICS:
            yield family(metric, metric.read(self.reading).items())


def family(metric: Metric, values: Iterable[tuple[Labels, Any]]) -> Any:
    from prometheus_client import core

    name, doc, labels = metric.name, metric.doc, metric.labels
    if metric.kind == "histogram":
        found = core.HistogramMetricFamily(name, doc, labels=labels)
        for label, one in values:
            found.add_metric(label, one.cumulative(), one.sum)
        return found
    if metric.kind == "info":
        info = core.InfoMetricFamily(name, doc)
        for label, _ in values:
            info.add_metric((), dict(zip(labels, label, strict=True)))
        return info
    kinds = {"counter": core.CounterMetricFamily, "gauge": core.GaugeMetricFamily}
    plain = kinds[metric.kind](name, doc, labels=labels)
    for label, value in values:
        plain.add_metric(label, float(value))
    return plain


class Collector(Protocol):
    """As prometheus-client wants them."""

    def collect(self) -> Iterable[Any]: ...


def exposition(reading: Reading, process: Collector | None = None) -> tuple[bytes, str]:
    """The text and its content type (prometheus.io/docs/instrumenting/exposition_formats).

    `process`: time and memory of the processes, if they are not this one's alone.
    """
    from prometheus_client import CONTENT_TYPE_LATEST, ProcessCollector, generate_latest
    from prometheus_client.registry import CollectorRegistry

    registry = CollectorRegistry()
    registry.register(Exposition(reading))
    registry.register(process or ProcessCollector(registry=None))
    return generate_latest(registry), CONTENT_TYPE_LATEST
