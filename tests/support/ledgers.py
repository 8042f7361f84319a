"""What tests of the ledger share."""

from __future__ import annotations

import sqlite3
from pathlib import Path

FOREVER = 100_000
"""Days: these rows are of 1970."""


def count(path: Path, table: str = "decisions") -> int:
    """Rows of a table in the file, by a connection of its own."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    finally:
        connection.close()
