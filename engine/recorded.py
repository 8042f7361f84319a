"""Requests that were decided before: their facts, where they went, and where another policy would send them.

They come from the ledger, or from lines of JSON as `fcc explain --batch` reads them. Never a prompt: there is none.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from engine.ledger_file import opened_to_read
from engine.router import Router
from rules.facts import RequestView
from rules.given import GivenError, GivenFacts, from_values
from rules.outcomes import Case, cases
from rules.policy_types import Policy

MOST = 20_000
"""Requests that are read, the newest."""


class Recorded(msgspec.Struct, frozen=True):
    """One request. `route` None: it is not known where it went."""

    view: GivenFacts
    facts: Mapping[str, Any]
    request: str = ""
    at: float = 0.0
    """Seconds since 1970."""
    route: str | None = None
    targets: tuple[str, ...] = ()
    """The models that were asked, in order."""


class Records(msgspec.Struct, frozen=True):
    """Newest first."""

    requests: Sequence[Recorded] = ()
    unreadable: int = 0
    """Rows whose facts this version does not know."""
    kept: frozenset[str] = msgspec.field(default_factory=frozenset)
    """Facts that some of the requests say."""


def from_ledger(path: Path, *, since: float = 0.0, most: int = MOST) -> Records:
    """The latest requests at or after `since`, in seconds since 1970. Raises OSError and sqlite3.Error."""
    if not path.is_file():
        raise FileNotFoundError(2, "there is no such file", str(path))
    with closing(opened_to_read(path)) as connection:
        return _read(_rows(connection, since, most))


def _rows(connection: sqlite3.Connection, since: float, most: int) -> Iterable[Mapping[str, Any]]:
    rows = connection.execute(
        "SELECT request, at, route, target, attempts, facts FROM decisions WHERE at >= ? ORDER BY id DESC LIMIT ?",
        (since, most),
    )
    for row in rows:
        asked = [one["target"] for one in msgspec.json.decode(row["attempts"])]
        yield {**dict(row), "attempts": asked or [row["target"]], "facts": msgspec.json.decode(row["facts"])}


def latest_facts(connection: sqlite3.Connection, most: int) -> list[dict[str, Any]]:
    """The facts of the latest requests, newest first."""
    rows = connection.execute("SELECT facts FROM decisions ORDER BY id DESC LIMIT ?", (most,))
    return [msgspec.json.decode(row["facts"]) for row in rows]


def from_lines(text: str) -> Records:
    """Each line an object of facts, or an object with `facts` and what else is known: `request`, `at`, `route`,
    `target`. Raises ValueError, which says the line."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise ValueError(f"line {number} is no JSON object of facts")
        row = said if isinstance(said.get("facts"), dict) else {"facts": said}
        rows.append({**row, "attempts": [row["target"]] if isinstance(row.get("target"), str) else []})
    return _read(rows)


def _read(rows: Iterable[Mapping[str, Any]]) -> Records:
    found, unreadable, kept = [], 0, set()
    for row in rows:
        facts = row["facts"]
        try:
            view = from_values(facts)
        except GivenError:
            unreadable += 1
            continue
        kept |= view.said.keys()
        targets = tuple(one for one in row["attempts"] if one)
        route, at = row.get("route"), row.get("at")
        found.append(
            Recorded(
                view,
                facts,
                str(row.get("request") or ""),
                float(at) if isinstance(at, int | float) else 0.0,
                route if isinstance(route, str) else None,
                targets,
            )
        )
    return Records(found, unreadable, frozenset(kept))


class Decider:
    """The cases of one policy, found as quickly as the router finds routes."""

    def __init__(self, policy: Policy, known: Sequence[Case] | None = None) -> None:
        listed = cases(policy) if known is None else known
        self._cases = {id(case.route): case for case in listed}
        self._router = Router(replace(policy, routes=tuple(case.route for case in listed)))

    def case(self, view: RequestView) -> Case:
        route = self._router.decide(view)
        assert route is not None
        return self._cases[id(route)]

    def unsaid(self, kept: Iterable[str]) -> list[str]:
        """Facts that the policy asks about and no record says: they are taken for empty."""
        asked = {name if key is None else f"{name}.{key}" for name, key in self._router.facts}
        return sorted(one for one in asked - set(kept) if one == "tool" or one.startswith("header."))
