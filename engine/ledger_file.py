"""The SQLite file of the ledger: opened or made, written in groups, and kept from growing.

Everything here blocks, so it runs in the ledger's own thread or in one that only reads. WAL with
`synchronous=NORMAL` (sqlite.org/wal.html): what was committed survives the death of the process; of a power failure the
last moments may be lost, the file itself never.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from engine.ledger_tables import APPLICATION, SCHEMA, VERSION, Table

BUSY = 1.0
"""Seconds for which another writer is waited for; one commit of another server takes less than a millisecond."""
MOST_BYTES = 512 * 1024 * 1024
MOST_SESSIONS = 100_000
MOST_GENERATIONS = 1_000
PIECE = 500
"""Rows that are forgotten at a time, so that writing never waits long."""

LATEST = 50_000
"""Decisions among which a row that may have been committed already is looked for."""
AT_ONCE = 16
"""Rows in one statement: its values stay below the 999 that every SQLite takes."""

Sql = Callable[[Table, int], str]
"""`insert` or `delete` of `ledger_tables`."""
Entry = tuple[Sql, Table, Any]
"""What is to be done to a table, and the row: a `Decision`, or its values. Lists and mappings become JSON."""


class NotALedger(sqlite3.DatabaseError):
    """The file is another application's, or a later fcc's: it is left as it is."""


def opened(path: Path, wait: float = BUSY) -> sqlite3.Connection:
    """The file, made with mode 0600 where there is none. Raises OSError, sqlite3.Error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, timeout=wait, isolation_level=None)
    try:
        _made(connection)
        _with_log(connection, wait)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA journal_size_limit = 8388608")
    except BaseException:
        connection.close()
        raise
    return connection


def opened_to_read(path: Path, wait: float = 0.2) -> sqlite3.Connection:
    """The file, if there is one, for reading only. Raises sqlite3.Error."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        _check(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def write(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """All or none of them. Raises sqlite3.Error.

    With each statement Python lets other threads run, and takes its time to come back: fewer statements mean an
    earlier commit.
    """
    statements = list(_statements(entries))
    if len(statements) == 1:
        connection.execute(*statements[0])
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for sql, values in statements:
            connection.execute(sql, values)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


UNWRITABLE = (
    OverflowError,
    UnicodeError,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)
"""What is wrong with a row, not with the file."""


def write_good(connection: sqlite3.Connection, entries: Sequence[Entry]) -> int:
    """Those of them that can be written, when some cannot be at all. How many were left out. Raises sqlite3.Error."""
    bad = 0
    for entry in entries:
        try:
            write(connection, [entry])
        except UNWRITABLE:
            bad += 1
    return bad


def identity(path: Path) -> tuple[int, int] | None:
    """What tells the file from another of its name; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def unknown(connection: sqlite3.Connection, requests: Sequence[str]) -> set[str]:
    """Those of the requests that the latest decisions do not hold. Raises sqlite3.Error."""
    latest = connection.execute(
        "SELECT request FROM decisions ORDER BY id DESC LIMIT ?", (len(requests) + LATEST,)
    )
    return set(requests) - {request for (request,) in latest}


def checkpoint(connection: sqlite3.Connection) -> None:
    """Move what was committed from the log into the file, as far as no reader is in the way."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def forget(connection: sqlite3.Connection, oldest: float, now: float, most_bytes: int = MOST_BYTES) -> bool:
    """Forget one piece of what is older than `oldest` or too much (seconds since 1970). Whether there may be more."""
    limit = PIECE
    connection.execute("DELETE FROM asides WHERE until < ?", (now,))
    connection.execute(
        "DELETE FROM generations WHERE id <= (SELECT max(id) FROM generations) - ?", (MOST_GENERATIONS,)
    )
    gone = _changes(
        connection,
        "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions ORDER BY id LIMIT ?) AND at < ?",
        limit,
        oldest,
    )
    if _size(connection) > most_bytes:
        gone += _changes(
            connection,
            "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions ORDER BY id LIMIT ?)",
            2 * limit,
        )
        first = connection.execute("SELECT at FROM decisions ORDER BY id LIMIT 1").fetchone()
        oldest = max(oldest, first[0] if first else now)
    gone += _changes(connection, _SESSIONS_BEFORE, oldest, 2 * limit)
    over = connection.execute("SELECT count(*) FROM sessions").fetchone()[0] - MOST_SESSIONS
    if over > 0:
        gone += _changes(connection, _SESSIONS_BEFORE, now, min(over, limit))
    return gone > 0


_SESSIONS_BEFORE = (
    "DELETE FROM sessions WHERE (session, sub_agent) IN "
    "(SELECT session, sub_agent FROM sessions WHERE last_seen < ? ORDER BY last_seen LIMIT ?)"
)


def _changes(connection: sqlite3.Connection, sql: str, *values: float) -> int:
    return connection.execute(sql, values).rowcount


def _size(connection: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _statements(entries: Sequence[Entry]) -> Iterator[tuple[str, list[Any]]]:
    for (sql, table), group in groupby(entries, itemgetter(0, 1)):
        rows = [_values(entry[2]) for entry in group]
        while rows:
            count = AT_ONCE if len(rows) >= AT_ONCE else 1
            yield sql(table, count), [value for row in rows[:count] for value in row]
            del rows[:count]


def _values(row: Any) -> list[Any]:
    values = msgspec.structs.astuple(row) if isinstance(row, msgspec.Struct) else row
    return [_encode(value).decode() if isinstance(value, list | dict) else value for value in values]


_encode = msgspec.json.Encoder().encode


def _with_log(connection: sqlite3.Connection, wait: float) -> None:
    """Of two that begin a log at once SQLite tells one that the file is locked, and does not make it wait."""
    end = time.monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError:
            if time.monotonic() >= end:
                raise
            time.sleep(0.005)


def _made(connection: sqlite3.Connection) -> None:
    """The tables are there, made by whoever comes first."""
    if _check(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not _check(connection):
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _check(connection: sqlite3.Connection) -> bool:
    """Whether it is a ledger; False for an empty file. Raises NotALedger.

    One statement sees one state of the file, though another process may be making its tables at this moment.
    """
    owner, version, tables = connection.execute(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), "
        "(SELECT count(*) FROM sqlite_master)"
    ).fetchone()
    if owner == APPLICATION:
        if version != VERSION:
            raise NotALedger(
                f"it was written by another version of fcc (format {version}, this is {VERSION})"
            )
        return True
    if owner or version or tables:
        raise NotALedger("it belongs to another application")
    return False
