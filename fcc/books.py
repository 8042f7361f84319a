"""What is done with the record of a request when it is over: kept, counted, shown.

    begin ─▶ … ─▶ settle: the row is made, and awaited before the last bytes leave ─▶ end

A client that has its answer to the end finds it in the ledger, even if the server dies the next moment. A request that
ends in another way is settled by `end`, and nobody waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from engine.asides import Asides
from engine.decision import Decision, decision, short
from engine.generation import House
from engine.guard import RECENT
from engine.ledger import Ledger, Unreadable
from engine.ledger_tables import GENERATIONS
from engine.recorded import latest_facts
from engine.sessions import Sessions, named
from fcc.live import Live
from fcc.log import Log
from fcc.metrics import Counts
from fcc.record import Record
from fcc.traces import Trace, tracer
from rules.policy import Loaded


class Books:
    """Of one server. Before `open` nothing is kept, only counted."""

    def __init__(self, house: House, log: Log) -> None:
        self.house = house
        self.log = log
        self.live = Live()
        self.counts = Counts()
        self.sessions = Sessions()
        self.ledger: Ledger | None = None
        self._asides: Asides | None = None
        self._trace: Trace | None = None

    @property
    def problem(self) -> str | None:
        """What is wrong with the ledger."""
        return self.ledger.problem if self.ledger is not None else None

    async def open(self, path: Path, days: int) -> None:
        """Keep a ledger from now on, and put aside again what was put aside. Raises nothing: what is wrong with the
        file is said once in the log, and `problem` until it is mended."""
        self._trace = tracer(self.house.env)
        self.ledger = Ledger(path, days, self._said)
        await self.ledger.opened()
        await self._recall()
        self._asides = Asides(self.ledger, self.house.state.blocks)
        if self.house.generation is not None:
            await self._asides.restore(now(), self.house.generation)

    async def _recall(self) -> None:
        """The latest requests of the time before: a new file is measured by them too."""
        assert self.ledger is not None
        with contextlib.suppress(Unreadable):
            self.house.recent.extendleft(await self.ledger.read(latest_facts, RECENT))

    async def aclose(self) -> None:
        if self.ledger is not None:
            await self.ledger.aclose()

    def begin(self, record: Record) -> None:
        self.live.requests[record.request_id] = record

    async def settle(self, record: Record) -> None:
        """The answer is whole but for its last bytes."""
        waiting = self._settled(record)
        if waiting is not None:
            await waiting

    def end(self, record: Record) -> None:
        """The request is over, however it ended."""
        self.live.requests.pop(record.request_id, None)
        self._settled(record)

    def started(self, record: Record) -> None:
        """Its route is known."""
        if self.live.listeners:
            from fcc.live import moment

            self.live.tell("request", moment(record))

    def policy(self, loaded: Loaded, who: str, *, kept: bool = True) -> None:
        """A file was read and taken or refused. `kept`: with a row in the ledger."""
        generation = self.house.generation
        errors = [short(f"{one.code} {one.message}") for one in loaded.diagnostics if one.severity == "error"]
        row = {
            "at": round(time.time(), 3),
            "generation": generation.id if generation is not None else "",
            "accepted": loaded.policy is not None,
            "who": who,
            "path": loaded.source.path.encode("utf-8", "replace").decode(),  # a name may be no text
            "findings": errors[:50],
        }
        self.live.tell("policy", row)
        if self.ledger is not None:
            if kept:
                self.ledger.put(GENERATIONS, *row.values())
            if generation is not None:
                self.ledger.days = generation.policy.settings.ledger.days
        self.sync()

    def sync(self) -> None:
        """Blocks and verdicts may have changed."""
        if self._asides is not None and self.house.generation is not None:
            self._asides.sync(now(), self.house.generation)

    def _settled(self, record: Record) -> asyncio.Future[bool] | None:
        if record.settled:
            return None
        record.settled = True
        row = row_of(record)
        self.counts.request(record.status, row)
        if row is None:
            return None
        self.sessions.add(row)
        self.house.recent.append(row.facts)
        if self.live.listeners:
            self.live.tell("decision", named(row))
        if self._trace is not None:
            self._trace(row)
        if any(one.failure is not None for one in row.attempts):
            self.sync()
        return self.ledger.remember(row) if self.ledger is not None else None

    def _said(self, problem: str | None) -> None:
        assert self.ledger is not None
        if problem is None:
            self.log.line("info", "ledger", {"path": str(self.ledger.path), "lost": self.ledger.lost})
        else:
            self.log.line("error", "ledger", {"path": str(self.ledger.path), "problem": problem})


def row_of(record: Record) -> Decision | None:
    """None when the request was refused before anything was decided."""
    if record.run is None:
        return None
    return decision(
        record.run,
        request=record.request_id,
        now=now(),
        ms=record.since(time.perf_counter()) or 0.0,
        status=record.status,
        error=record.error,
        first_token_ms=record.since(record.first_token),
        usage=record.usage,
    )


def now() -> float:
    return asyncio.get_running_loop().time()
