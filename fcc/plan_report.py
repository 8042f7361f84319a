"""What another policy would change, by classes of requests, as `fcc plan --format json` prints it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.recorded import Decider, Records, from_ledger
from rules.outcomes import Case
from rules.plan import Change, Comparison, compare
from rules.policy_types import Policy


def recorded(given: Path | None, usual: Path) -> Records | None:
    """What is in the ledger; None when there is none and none was asked for. Raises OSError, sqlite3.Error."""
    if given is not None:
        return from_ledger(given)
    try:
        return from_ledger(usual)
    except (OSError, sqlite3.Error):
        return None


def report(old: Policy, new: Policy, records: Records | None) -> dict[str, Any]:
    """`{"equivalent", "regions", "offers", "settings", "renamed", "undecided", "recorded"}`."""
    found = compare(old, new)
    counts = None if records is None else _counts(old, new, found, records)
    return {
        "equivalent": found.equivalent,
        "regions": [_region(one, counts, records) for one in found.changes],
        "offers": [
            {"id": one.id, "thinking": one.thinking, "old": one.old, "new": one.new} for one in found.offers
        ],
        "settings": [{"key": one.key, "old": one.old, "new": one.new} for one in found.settings],
        "renamed": [{"old": was, "new": now} for was, now in found.renamed],
        "undecided": [{"old": was.name, "new": now.name} for was, now in found.undecided],
        "recorded": None
        if counts is None or records is None
        else {
            "requests": len(records.requests),
            "changed": sum(count for (was, now), count in counts.items() if was.key != now.key),
        },
    }


Counts = Mapping[tuple[Case, Case], int]


def _counts(old: Policy, new: Policy, found: Comparison, records: Records) -> Counts:
    before, after = Decider(old, found.cases[0]), Decider(new, found.cases[1])
    return Counter((before.case(one.view), after.case(one.view)) for one in records.requests)


def _region(one: Change, counts: Counts | None, records: Records | None) -> dict[str, Any]:
    share = None
    if counts is not None and records is not None and records.requests:
        share = round(counts.get((one.old, one.new), 0) / len(records.requests), 4)
    return {
        "given": dict(one.given),
        "witness": dict(one.witness),
        "whole": one.whole,
        "share": share,
        "old": one.old.outcome,
        "new": one.new.outcome,
    }
