"""The ledger: what is remembered of requests, so that a restart forgets nothing that matters.

    await ledger.remember(decision)      the row is in the file, or the wait was not worth it

Rows go to one thread that commits them in groups (`ledger_writer`). Whatever a client has received to its end survives
`kill -9`, because its row is in the journal by then (`ledger_journal`). Where no journal can be written the end of an
answer waits for the commit, but `PATIENCE` at most, and not at all while the file cannot be written. Then the latest
rows are held in memory, `problem` says what is wrong, and the file is tried again.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from engine.decision import Decision
from engine.ledger_file import Entry, opened_to_read
from engine.ledger_journal import Journal
from engine.ledger_tables import DECISIONS, Table, delete, insert
from engine.ledger_writer import Writer

PATIENCE = 0.1
"""Seconds an answer waits for its row. Once somebody waited in vain nobody does, until the next commit."""
MOST_WAITING = 4_096
"""Rows held for a file that cannot be written; later ones are lost."""
FAREWELL = 3.0
"""Seconds for the last commit when the server stops."""

T = TypeVar("T")


class Unreadable(Exception):  # noqa: N818 - it is answered from memory
    """The file cannot be read now."""


class Ledger:
    """`said` is told when the file stops or starts to be written: what is wrong, or None."""

    def __init__(
        self, path: Path, days: int = 30, said: Callable[[str | None], None] = lambda problem: None
    ) -> None:
        self.path = path
        self.problem: str | None = None
        self._no_place = 0
        """Rows that there was no place for."""
        self.committed = 0
        self._said = said
        self._sent = 0
        self._late = False
        self._heard_of = asyncio.Event()
        self._waiting: deque[tuple[int, float, asyncio.Future[bool]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._journal = Journal(path)
        self._writer = Writer(path, days, self._told)
        self._writer.start()

    @property
    def days(self) -> int:
        """How long rows are kept."""
        return self._writer.days

    @days.setter
    def days(self, days: int) -> None:
        self._writer.days = days

    @property
    def lost(self) -> int:
        """Rows that are in no file and will be in none."""
        return self._no_place + self._writer.lost

    def remember(self, row: Decision) -> asyncio.Future[bool]:
        """Done when the row is kept (True), or need not be waited for any longer. Nobody has to await it."""
        done = self._loop.create_future()
        sent = self._send((insert, DECISIONS, row))
        if sent and self.problem is None:
            kept = self._journal.keep(self._sent, row)
            self._writer.hurried = not kept
            if kept:
                done.set_result(True)
                return done
        if not sent or self._late or self.problem is not None:
            done.set_result(False)
            return done
        now = self._loop.time()
        self._waiting.append((self._sent, now, done))
        if self._timer is None:
            self._timer = self._loop.call_at(now + PATIENCE, self._look)
        return done

    def put(self, table: Table, *row: object) -> None:
        """A row of another table."""
        self._send((insert, table, row))

    def drop(self, table: Table, key: str) -> None:
        """The row of a table whose key is one column."""
        self._send((delete, table, (key,)))

    async def read(self, query: Callable[..., T], *arguments: Any) -> T:
        """`query(connection, *arguments)` in a thread, once what was sent before is committed. Raises Unreadable."""
        await self.settled()
        return await asyncio.to_thread(lambda: self._read(query, *arguments))

    async def opened(self) -> None:
        """Until the file is open, or turned out not to be, or three seconds are over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await self._heard_of.wait()

    async def settled(self) -> None:
        """Until what was sent is committed, or the file turned out not to be writable, or three seconds are over."""
        end = self._loop.time() + FAREWELL
        self._writer.now.set()
        while self.committed < self._sent and self.problem is None and self._loop.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.002)

    async def aclose(self) -> None:
        """Commits what is left and closes the file. Afterwards nothing is remembered."""
        if self._timer is not None:
            self._timer.cancel()
        self._release()
        self._writer.inbox.put(None)
        self._writer.now.set()
        await asyncio.to_thread(self._writer.join, FAREWELL)
        self._journal.committed(self._writer.committed)
        self._journal.close()

    def _read(self, query: Callable[..., T], *arguments: Any) -> T:
        try:
            with closing(opened_to_read(self.path)) as connection:
                return query(connection, *arguments)
        except sqlite3.Error as error:
            raise Unreadable(str(error)) from None

    def _send(self, entry: Entry) -> bool:
        if self._sent - self.committed >= MOST_WAITING:
            self._no_place += 1
            return False
        self._sent += 1
        self._writer.inbox.put(entry)
        return True

    def _told(self, committed: int, problem: str | None) -> None:
        """In the writer's thread."""
        try:
            self._loop.call_soon_threadsafe(self._heard, committed, problem)
        except RuntimeError:
            return

    def _heard(self, committed: int, problem: str | None) -> None:
        if committed > self.committed:
            self._late = False
        self.committed = committed
        self._journal.committed(committed)
        self._heard_of.set()
        waiting = self._waiting
        while waiting and waiting[0][0] <= committed:
            done = waiting.popleft()[2]
            if not done.done():
                done.set_result(True)
        before, self.problem = self.problem, problem
        if problem is not None:
            self._release()
        if (problem is None) is not (before is None):
            self._said(problem)

    def _release(self) -> None:
        """Nobody waits any longer."""
        while self._waiting:
            done = self._waiting.popleft()[2]
            if not done.done():
                done.set_result(False)

    def _look(self) -> None:
        """The one timer: who has waited long enough? Rows are in order, so the first one has waited longest."""
        self._timer = None
        if not self._waiting:
            return
        end = self._waiting[0][1] + PATIENCE
        if end <= self._loop.time():
            self._late = True
            self._release()
        else:
            self._timer = self._loop.call_at(end, self._look)
