"""`fcc replay`: requests that were decided before, decided again by another policy. Nothing is sent."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from engine.recorded import MOST, Records, from_ledger, from_lines
from fcc.cli.policy_file import CANNOT_RUN, read_policy, text_of
from fcc.environment import find_config, ledger_path
from fcc.moves import as_text, moves
from rules.literals import duration


class Format(StrEnum):
    """How the moves are printed."""

    text = "text"
    json = "json"


def replay(
    against: Annotated[Path, typer.Option(metavar="NEW", help="the policy that decides again")],
    ledger: Annotated[
        Path | None, typer.Option(metavar="PATH", help="the ledger; default: that of the server")
    ] = None,
    records: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON lines of facts instead; - reads stdin")
    ] = None,
    since: Annotated[str, typer.Option(metavar="DURATION", help="how far back: 30m, 24h, 7d")] = "24h",
    most: Annotated[int, typer.Option(min=1, max=1_000_000, help="requests at most, the latest")] = MOST,
    format: Annotated[Format, typer.Option(help="how the moves are printed")] = Format.text,  # noqa: A002
) -> int:
    """Decide recorded requests again: 0 none would move, 1 some would, 2 could not run.

    Example: fcc replay --against new.toml --since 24h
    """
    read = read_policy(against, "replay")
    if read is None:
        return CANNOT_RUN
    try:
        found = moves(read[0], _records(ledger, records, since, most))
    except (OSError, sqlite3.Error, ValueError) as error:
        print(f"fcc replay: {error}", file=sys.stderr)
        return CANNOT_RUN
    print(json.dumps(found, ensure_ascii=False, indent=2) if format is Format.json else as_text(found))
    return int(found["moved"] > 0)


def _records(ledger: Path | None, lines: Path | None, since: str, most: int) -> Records:
    """Raises OSError, sqlite3.Error, and ValueError with the reason in words."""
    if ledger is not None and lines is not None:
        raise ValueError("--ledger and --records are two sources; name one")
    if lines is not None:
        return from_lines(sys.stdin.read() if str(lines) == "-" else text_of(lines))
    seconds, path = _seconds(since), ledger or usual_ledger()
    try:
        return from_ledger(path, since=time.time() - seconds, most=most)
    except FileNotFoundError:
        raise ValueError(f"there is no ledger {path}; `fcc serve` keeps one") from None
    except sqlite3.Error as error:
        raise ValueError(f"cannot read the ledger {path}: {error}") from None


def _seconds(text: str) -> float:
    """A duration, also in days. Raises ValueError."""
    try:
        return duration(f"{text[:-1]}h") * 24 if text.endswith("d") else duration(text)
    except (ValueError, KeyError):
        raise ValueError(f"--since is a duration such as 24h or 7d, not `{text}`") from None


def usual_ledger() -> Path:
    """Where the server's own policy says the ledger is."""
    config = find_config(None, os.environ)
    try:
        said = tomllib.loads(config.read_text("utf-8-sig"))["ledger"]["path"]
    except (OSError, ValueError, KeyError, TypeError):
        said = None
    return ledger_path(config, said if isinstance(said, str) else None)
