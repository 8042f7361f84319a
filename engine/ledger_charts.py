"""What charts are drawn from: how long answers took, and what failed, over time.

Percentiles are those of nearest rank: the smallest value that so many percent of the values are not above.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from math import ceil
from typing import Any

import msgspec

from engine.ledger_pages import RECENT

PERCENTS = (50, 90, 99)
MOST_MODELS = 20
"""Models that are listed, those that were asked most often."""


class Step(msgspec.Struct):
    """The requests of one stretch of time."""

    at: float
    requests: int = 0
    errors: int = 0
    failovers: int = 0
    first_token: list[float] = msgspec.field(default_factory=list)
    whole: list[float] = msgspec.field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        return {
            "at": round(self.at, 3),
            "requests": self.requests,
            "errors": self.errors,
            "failovers": self.failovers,
            "first_token_ms": percentiles(self.first_token),
            "ms": percentiles(self.whole),
        }


class Asked(msgspec.Struct):
    """One model: how often it was asked, what came of it, and its times to the first content."""

    asked: int = 0
    failures: Counter[str] = msgspec.field(default_factory=Counter)
    first_token: list[float] = msgspec.field(default_factory=list)


Row = tuple[float, bool, int, float | None, float, str]
"""at, failed, failovers, first_token_ms, ms, attempts as JSON."""


def charts(connection: sqlite3.Connection, since: float, step: float) -> dict[str, Any]:
    """`{"steps", "models"}` of the latest `RECENT` decisions since then; steps without a request are left out."""
    rows = connection.execute(
        "SELECT at, error IS NOT NULL AND status <> 499, failovers, first_token_ms, ms, attempts FROM decisions "
        "WHERE id > (SELECT max(id) FROM decisions) - ? AND at >= ? ORDER BY id",
        (RECENT, since),
    )
    return summed(rows, since, step)


def summed(rows: Iterable[Row], since: float, step: float) -> dict[str, Any]:
    steps: dict[int, Step] = {}
    models: dict[str, Asked] = {}
    decode = msgspec.json.Decoder(list[dict[str, Any]]).decode
    for at, failed, failovers, first_token, whole, attempts in rows:
        number = int((at - since) // step)
        one = steps.get(number) or steps.setdefault(number, Step(since + number * step))
        one.requests += 1
        one.errors += bool(failed)
        one.failovers += failovers
        one.whole.append(whole)
        if first_token is not None:
            one.first_token.append(first_token)
        for tried in decode(attempts):
            _count(models, tried)
    busiest = sorted(models.items(), key=lambda item: (-item[1].asked, item[0]))[:MOST_MODELS]
    return {
        "steps": [steps[number].shown() for number in sorted(steps)],
        "models": [
            {
                "target": target,
                "asked": one.asked,
                "failures": dict(one.failures.most_common()),
                "first_token_ms": percentiles(one.first_token),
            }
            for target, one in busiest
        ],
    }


def percentiles(values: list[float]) -> list[float] | None:
    """One value for each of `PERCENTS`; None when there is nothing to measure."""
    if not values:
        return None
    ordered = sorted(values)
    return [ordered[max(ceil(len(ordered) * percent / 100), 1) - 1] for percent in PERCENTS]


def _count(models: dict[str, Asked], tried: dict[str, Any]) -> None:
    one = models.get(tried["target"]) or models.setdefault(tried["target"], Asked())
    one.asked += 1
    if tried["failure"]:
        one.failures[tried["failure"]] += 1
    if tried["first_token_ms"] is not None:
        one.first_token.append(tried["first_token_ms"])
