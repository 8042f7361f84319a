"""The metrics of several processes as those of one server.

Counters and the buckets of histograms add up, and what an ended process has counted stays in the sum: a sum that fell
would be read as a new start (prometheus.io/docs/prometheus/latest/querying/functions/#rate). Gauges are those of the
processes that answer: requests in flight add up, of a model's states the worst counts.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from fcc.admin.merged import candidates
from fcc.metrics import FIRST_TOKEN, TOTAL, Counts, Histogram, Labels, Reading, bounded

PLAIN = ("requests", "attempts", "failovers", "tokens")
HISTOGRAMS = {"first_token": FIRST_TOKEN, "total": TOTAL}
BY_ROUTE = frozenset({"requests", "failovers", "total"})
"""Their first label is a route, that of the others a model."""
ROWS = ("committed", "lost")


class Told(msgspec.Struct):
    """What has been counted, with labels as JSON can have them."""

    plain: dict[str, list[tuple[list[str], int]]] = {}
    histograms: dict[str, list[tuple[list[str], list[int], float]]] = {}
    ledger: dict[str, int] = {}
    """Of `ROWS`; empty: there is no ledger."""
    at: float = 0.0
    """On the monotonic clock."""


class Report(msgspec.Struct):
    """The figures of one process at one moment."""

    told: Told
    candidates: list[dict[str, Any]]
    in_flight: int
    generation: str
    refused: bool
    ledger_ok: bool


def report(reading: Reading) -> Report:
    """A reading of one process."""
    return Report(
        told(reading.counts, reading.ledger),
        reading.candidates,
        reading.in_flight,
        reading.generations[0],
        reading.refused,
        reading.ledger is None or bool(reading.ledger["ok"]),
    )


def told(counts: Counts, ledger: Any) -> Told:
    plain = {name: [(list(key), count) for key, count in getattr(counts, name).items()] for name in PLAIN}
    histograms = {
        name: [(list(key), one.counts, one.sum) for key, one in getattr(counts, name).items()]
        for name in HISTOGRAMS
    }
    rows = {} if ledger is None else {name: int(ledger[name]) for name in ROWS}
    return Told(plain, histograms, rows, time.monotonic())


class Sum:
    """Counters of several processes. `few`: whether names are kept as few as in one, for what is kept for ever."""

    def __init__(self, *, few: bool = False) -> None:
        self.counts = Counts()
        self.ledger: Counter[str] = Counter()
        self._few = few
        self._names: dict[bool, set[str]] = {True: set(), False: set()}

    def add(self, one: Told) -> None:
        for name in PLAIN:
            counter = getattr(self.counts, name)
            for labels, count in one.plain.get(name, ()):
                counter[self._key(name, labels)] += count
        for name, ends in HISTOGRAMS.items():
            found = getattr(self.counts, name)
            for labels, counts, total in one.histograms.get(name, ()):
                histogram = found.setdefault(self._key(name, labels), Histogram.of(ends))
                histogram.counts = [a + b for a, b in zip(histogram.counts, counts, strict=True)]
                histogram.sum += total
        self.ledger.update(one.ledger)

    def told(self) -> Told:
        found = told(self.counts, None)
        found.ledger = dict(self.ledger)
        return found

    def _key(self, name: str, labels: list[str]) -> Labels:
        if not self._few:
            return tuple(labels)
        return bounded(self._names[name in BY_ROUTE], labels[0]), *labels[1:]


class Kept:
    """What the parent remembers: the last report of each worker, and the sum of those that have ended."""

    def __init__(self) -> None:
        self._ended = Sum(few=True)
        self._last: dict[int, Told] = {}

    def heard(self, pid: int, one: Told) -> None:
        if pid not in self._last or self._last[pid].at <= one.at:
            self._last[pid] = one

    def ended(self, pid: int) -> None:
        last = self._last.pop(pid, None)
        if last is not None:
            self._ended.add(last)

    def besides(self, pids: Iterable[int]) -> Told:
        """Counters of all but these: of the ended, and the last ones of those that are silent."""
        found = Sum()
        found.add(self._ended.told())
        for pid in self._last.keys() - set(pids):
            found.add(self._last[pid])
        return found.told()


def summed(reports: Sequence[Report], besides: Told, workers: int) -> Reading:
    """The reading of the whole server. `workers`: how many there should be."""
    found = Sum()
    for one in (besides, *(each.told for each in reports)):
        found.add(one)
    ledger = None
    if found.ledger:
        ledger = {"ok": all(one.ledger_ok for one in reports), **found.ledger}
    return Reading(
        found.counts,
        candidates([one.candidates for one in reports]),
        sum(one.in_flight for one in reports),
        tuple(dict.fromkeys(one.generation for one in reports)),
        any(one.refused for one in reports),
        ledger,
        (workers, len(reports)),
    )


class Processes:
    """Time, memory and descriptors of several processes under the names that prometheus-client gives those of one.

    `ended`: processor time of those that are no more, in seconds. The oldest start counts; the rest adds up.
    """

    def __init__(self, pids: Iterable[int], ended: float) -> None:
        self._pids = tuple(pids)
        self._ended = ended

    def collect(self) -> Iterator[Any]:
        from prometheus_client import ProcessCollector

        found: dict[str, list[Any]] = {}
        for pid in self._pids:
            for family in ProcessCollector(pid=_always(pid), registry=None).collect():
                found.setdefault(family.name, []).append(family)
        for name, (first, *others) in found.items():
            values = [one.samples[0].value for one in (first, *others)]
            value = min(values) if name == "process_start_time_seconds" else sum(values)
            if name == "process_cpu_seconds":
                value += self._ended
            first.samples = [first.samples[0]._replace(value=value)]
            yield first


def _always(pid: int) -> Callable[[], int]:
    return lambda: pid
