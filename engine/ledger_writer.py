"""The one thread that writes the ledger: what has come in meanwhile is committed together.

Rows that are in the journal can wait for others to come, the rest are committed at once. It never raises and never
gives up: when the file cannot be written it says so once, keeps what it was given and tries again. How much may wait
is the sender's business.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from engine.ledger_file import (
    UNWRITABLE,
    Entry,
    checkpoint,
    forget,
    identity,
    opened,
    unknown,
    write,
    write_good,
)
from engine.ledger_journal import orphans
from engine.ledger_tables import DECISIONS, insert

GATHER = 0.2
"""Seconds for which rows that are in the journal wait for others."""
AGAIN = 2.0
"""Seconds after a failure before the file is tried again."""
MOST_AT_ONCE = 512
"""Rows in one commit."""
LOG_ROWS = 5_000
"""Rows after which the log is moved into the file although there is other work: that waits for the disk."""
IDLE = 1.0
"""Seconds without work after which it is moved anyway."""
CHORES = 600.0
"""Seconds between two looks for what may be forgotten."""
DAY = 86_400.0

Tell = Callable[[int, str | None], None]
"""How many entries have been committed since the start, and what is wrong with the file now."""


class Writer(threading.Thread):
    """Entries go into `inbox`, None ends the thread after a last try. `tell` is called in this thread."""

    def __init__(self, path: Path, days: int, tell: Tell) -> None:
        super().__init__(name="fcc-ledger", daemon=True)
        self.path = path
        self.days = days
        self.inbox: SimpleQueue[Entry | None] = SimpleQueue()
        self.hurried = False
        """Somebody waits for the commit."""
        self.now = threading.Event()
        """Set to have what has gathered committed."""
        self._tell = tell
        self._connection: sqlite3.Connection | None = None
        self._waiting: deque[Entry] = deque()
        self.committed = 0
        self.lost = 0
        """Rows that no file would take."""
        self._file: tuple[int, int] | None = None
        """What the connection has open."""
        self._problem: str | None = None
        self._again = 0.0
        self._moveable = 0
        self._chores = 0.0
        self._closing = False

    def run(self) -> None:
        self._commit()
        while not self._closing:
            idle = self._gather()
            if self._closing or self._problem is None or time.monotonic() >= self._again:
                self._commit()
                self._clean(idle)
        self._close()

    def _gather(self) -> bool:
        """What has come; waits for something to do. Whether nothing came."""
        patience = max(self._again - time.monotonic(), 0.01) if self._problem else self._rest()
        try:
            entry = self.inbox.get(timeout=patience)
        except Empty:
            return True
        if not self.hurried and entry is not None:
            self.now.wait(GATHER)
        self.now.clear()
        with suppress(Empty):
            while entry is not None:
                self._waiting.append(entry)
                entry = self.inbox.get_nowait()
            self._closing = True
        return False

    def _rest(self) -> float:
        """Seconds until there is something to do without being asked."""
        return IDLE if self._moveable else max(self._chores - time.monotonic(), 0.01)

    def _commit(self) -> None:
        """Writes what waits. An empty group after a failure shows whether the file can be written again.

        A file that was removed or replaced is let go: what is written to it nobody would ever read.
        """
        if self._connection is not None and identity(self.path) != self._file:
            self._close()
        while self._waiting or self._connection is None or self._problem is not None:
            group = [self._waiting[index] for index in range(min(len(self._waiting), MOST_AT_ONCE))]
            try:
                if self._connection is None:
                    self._connection = opened(self.path)
                    self._file = identity(self.path)
                    self._adopt(self._connection)
                if group or self._problem is not None:
                    self._write(self._connection, group)
            except (sqlite3.Error, OSError) as error:
                self._failed(error)
                return
            for _ in group:
                self._waiting.popleft()
            self.committed += len(group)
            self._moveable += len(group)
            self._problem = None
            self._tell(self.committed, None)

    def _write(self, connection: sqlite3.Connection, group: list[Entry]) -> None:
        try:
            write(connection, group)
        except UNWRITABLE:
            self.lost += write_good(connection, group)

    def _adopt(self, connection: sqlite3.Connection) -> None:
        """Rows of processes that died before they were committed."""
        for rows in orphans(self.path):
            missing = unknown(connection, [row.request for row in rows])
            for at in range(0, len(rows), MOST_AT_ONCE):
                group = [row for row in rows[at : at + MOST_AT_ONCE] if row.request in missing]
                self._write(connection, [(insert, DECISIONS, row) for row in group])

    def _failed(self, error: Exception) -> None:
        self._close()
        self._again = time.monotonic() + AGAIN
        self._problem = str(error) or type(error).__name__
        self._tell(self.committed, self._problem)

    def _clean(self, idle: bool) -> None:
        """What is due besides writing; it is no misfortune if that fails."""
        if self._connection is None:
            return
        with suppress(sqlite3.Error):
            if self._moveable >= LOG_ROWS or (idle and self._moveable):
                self._moveable = 0
                checkpoint(self._connection)
            if time.monotonic() >= self._chores:
                self._chores = time.monotonic() + CHORES
                now = time.time()
                if forget(self._connection, now - self.days * DAY, now):
                    self._chores = 0.0

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
