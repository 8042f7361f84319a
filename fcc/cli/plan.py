"""`fcc plan`: what another policy would change, told by classes of requests. Nothing is sent."""

from __future__ import annotations

import json
import sqlite3
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fcc.cli.policy_file import CANNOT_RUN, read_policy
from fcc.environment import ledger_path
from fcc.plan_report import recorded, report
from fcc.plan_words import as_text

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
