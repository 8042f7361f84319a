"""`fcc plan`: what another policy would change, told by classes of requests. Nothing is sent."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.recorded import Decider, Records, from_ledger
from fcc.cli.policy_file import CANNOT_RUN, read_policy
from fcc.environment import ledger_path
from fcc.plan_words import as_text
from rules.outcomes import Case
from rules.plan import Change, Comparison, compare
from rules.policy_types import Policy

ERROR = 1
CHANGES = 2
"""Exit statuses with `--exit-code`, after `terraform plan -detailed-exitcode`, where 0 means no changes."""


class Format(StrEnum):
    """How the changes are printed."""

    text = "text"
    json = "json"


def plan(
    old: Annotated[Path, typer.Argument(help="the policy of now")],
    new: Annotated[Path, typer.Argument(help="the policy to come")],
    format: Annotated[Format, typer.Option(help="how the changes are printed")] = Format.text,  # noqa: A002
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="0: no changes, 1: could not run, 2: changes")
    ] = False,
    ledger: Annotated[
        Path | None, typer.Option(metavar="PATH", help="requests to take shares of; default: the server's")
    ] = None,
) -> int:
    """Say which requests another policy would treat otherwise: 0, or 2 when it could not run.

    Example: fcc plan routes.toml new.toml --exit-code
    """
    failed = ERROR if exit_code else CANNOT_RUN
    before, after = read_policy(old, "plan"), read_policy(new, "plan")
    if before is None or after is None:
        return failed
    try:
        records = recorded(ledger, ledger_path(new, after[0].settings.ledger.path))
    except (OSError, sqlite3.Error) as error:
        print(f"fcc plan: cannot read the ledger {ledger}: {error}", file=sys.stderr)
        return failed
    found = report(before[0], after[0], records)
    print(json.dumps(found, ensure_ascii=False, indent=2) if format is Format.json else as_text(found))
    return CHANGES if exit_code and not found["equivalent"] else 0


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
