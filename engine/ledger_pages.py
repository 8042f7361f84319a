"""What is read from the ledger: pages of sessions and decisions, as mappings that are ready for JSON.

Each is a function of a connection, run in a thread that may wait. Names of orders are looked up in a table, so nothing
that a client says becomes SQL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

MOST = 200
"""Rows on a page."""
RECENT = 20_000
"""Decisions, from the newest, among which one is looked for by its request id."""

ORDERS = {
    "last_seen": "max(last_seen) DESC",
    "first_seen": "min(first_seen) DESC",
    "requests": "sum(requests) DESC",
    "errors": "sum(errors) DESC",
    "failovers": "sum(failovers) DESC",
    "tokens_in": "sum(tokens_in) DESC",
    "tokens_out": "sum(tokens_out) DESC",
    "first_token_average": "sum(first_token_ms) / sum(first_tokens) DESC",
    "session": "session ASC",
}
"""By which a list of sessions may be sorted: a column of it, and how the file sorts by that."""

SUMS = """
  max(client) AS client, min(first_seen) AS first_seen, max(last_seen) AS last_seen, sum(requests) AS requests,
  sum(errors) AS errors, sum(failovers) AS failovers, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out,
  sum(cache_read) AS cache_read, max(first_token_most) AS first_token_most,
  sum(first_token_ms) / sum(first_tokens) AS first_token_average
"""
BRIEF = """
  id, request, at, session, sub_agent, client, task, asked, stream, route, target, status, error, failovers,
  first_token_ms, ms, tokens_in, tokens_out, cache_read, generation
"""


def sessions(
    connection: sqlite3.Connection, order: str = "last_seen", limit: int = 50, offset: int = 0
) -> dict[str, Any]:
    """`{"sessions", "total"}`: sub-agents are added to their session. Raises KeyError for an unknown order."""
    page = connection.execute(
        f"SELECT session FROM sessions GROUP BY session ORDER BY {ORDERS[order]}, session LIMIT ? OFFSET ?",
        (min(limit, MOST), offset),
    )
    names = [row[0] for row in page]
    rows = connection.execute(
        f"SELECT session, count(*) - 1 AS others, {SUMS} FROM sessions WHERE session IN ({_marks(names)}) "
        "GROUP BY session",
        names,
    )
    sums, used = {row["session"]: summed(row) for row in rows}, _uses(connection, names)
    found = [{**sums[name], **used.get(name, UNUSED)} for name in names]
    total = connection.execute("SELECT count(DISTINCT session) FROM sessions").fetchone()[0]
    return {"sessions": found, "total": total}


def session(connection: sqlite3.Connection, name: str) -> dict[str, Any] | None:
    """One session: its sums, the same for each sub-agent, and its latest decisions."""
    row = connection.execute(
        f"SELECT session, {SUMS} FROM sessions WHERE session = ? GROUP BY session", (name,)
    ).fetchone()
    if row is None:
        return None
    agents = connection.execute(
        f"SELECT sub_agent, {SUMS} FROM sessions WHERE session = ? GROUP BY sub_agent "
        "ORDER BY first_seen LIMIT ?",
        (name, MOST),
    )
    return {
        **summed(row),
        **_uses(connection, [name]).get(name, UNUSED),
        "sub_agents": [summed(one) for one in agents],
        "decisions": decisions(connection, name, limit=50)["decisions"],
    }


def decisions(
    connection: sqlite3.Connection, name: str | None = None, limit: int = 50, before: int | None = None
) -> dict[str, Any]:
    """`{"decisions", "next"}`, the newest first, of one session or all; `before` is the `next` of the page before."""
    where = ["id < ?"]
    values: list[object] = [before if before is not None else 2**62]
    if name is not None:
        where.append("session = ?")
        values.append(name)
    rows = connection.execute(
        f"SELECT {BRIEF} FROM decisions WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?",
        (*values, min(limit, MOST)),
    )
    found = [{**dict(row), "stream": bool(row["stream"])} for row in rows]
    return {"decisions": found, "next": found[-1]["id"] if len(found) == min(limit, MOST) else None}


def decision(connection: sqlite3.Connection, name: str) -> dict[str, Any] | None:
    """One decision with all there is to it, by its number, or by request id if it is recent."""
    if name.isascii() and name.isdigit() and len(name) < 19:
        row = connection.execute("SELECT * FROM decisions WHERE id = ?", (int(name),)).fetchone()
    else:
        row = connection.execute(
            "SELECT * FROM decisions WHERE id > (SELECT max(id) FROM decisions) - ? AND request = ? LIMIT 1",
            (RECENT, name),
        ).fetchone()
    if row is None:
        return None
    lists = {key: msgspec.json.decode(row[key]) for key in ("attempts", "skipped", "facts")}
    return {**dict(row), "stream": bool(row["stream"]), **lists}


def generations(connection: sqlite3.Connection, limit: int = 50) -> list[dict[str, Any]]:
    """The policy files that were read, the newest first."""
    rows = connection.execute("SELECT * FROM generations ORDER BY id DESC LIMIT ?", (min(limit, MOST),))
    return [
        {**dict(row), "accepted": bool(row["accepted"]), "findings": msgspec.json.decode(row["findings"])}
        for row in rows
    ]


def history(connection: sqlite3.Connection, since: float, step: float) -> list[dict[str, Any]]:
    """Sums of the decisions for each `step` seconds from `since` on, as far as the latest `RECENT` reach back."""
    rows = connection.execute(
        "SELECT CAST((at - :since) / :step AS INTEGER) * :step + :since AS at, count(*) AS requests, "
        "sum(error IS NOT NULL AND status <> 499) AS errors, sum(failovers) AS failovers, "
        "sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out, "
        "round(avg(first_token_ms), 1) AS first_token_average, round(avg(ms), 1) AS ms_average "
        "FROM decisions WHERE id > (SELECT max(id) FROM decisions) - :recent AND at >= :since "
        "GROUP BY 1 ORDER BY 1",
        {"since": since, "step": step, "recent": RECENT},
    )
    return [dict(row) for row in rows]


def asides(connection: sqlite3.Connection) -> tuple[str, list[dict[str, Any]]]:
    """The salt of the marks, and the rows of `asides`."""
    salt = connection.execute("SELECT value FROM meta WHERE name = 'salt'").fetchone()
    return salt[0] if salt else "", [dict(row) for row in connection.execute("SELECT * FROM asides")]


UNUSED: dict[str, Any] = {"routes": {}, "models": {}}


def summed(row: sqlite3.Row) -> dict[str, Any]:
    average = row["first_token_average"]
    return {**dict(row), "first_token_average": None if average is None else round(average, 1)}


def _marks(names: Sequence[str]) -> str:
    return ", ".join("?" * len(names))


def _uses(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Of each session: route → requests, and model → requests; the most used ones."""
    names = list(names)
    rows = connection.execute(
        f"SELECT session, route, target, sum(requests) AS requests FROM uses WHERE session IN ({_marks(names)}) "
        "GROUP BY session, route, target ORDER BY requests DESC LIMIT ?",
        (*names, 20 * MOST),
    )
    found: dict[str, dict[str, Any]] = {}
    for name, route, target, requests in rows:
        one = found.setdefault(name, {"routes": {}, "models": {}})
        for kind, key in (("routes", route), ("models", target)):
            if key:
                one[kind][key] = one[kind].get(key, 0) + requests
    return found
