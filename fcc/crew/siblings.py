"""A worker's end of the line: what it asks of all workers, and what it does when it is asked.

All are asked through the parent, and whoever asks is one of them: so there is one way for everything.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable
from typing import Any

import msgspec

from engine.guard import RECENT
from fcc.admin import merged
from fcc.admin.acts import forget, known
from fcc.admin.state import reading, state_page
from fcc.crew.events import Event, Merged, Relay
from fcc.crew.figures import Processes, Report, report, summed
from fcc.crew.hub import TAKES_WITHIN, WITHIN, Answers, Ask, Back, Reload, Reset
from fcc.crew.line import Line, Silent, read
from fcc.crew.policy import Text, held_of
from fcc.metrics import Reading
from fcc.server import App

MARGIN = 1.0
"""Seconds for the parent, beyond those it gives the workers."""
STATE_LASTS = 0.5
"""Seconds for which one state of all serves all who listen."""

COUNTS_EVERY = 1.0
"""Seconds of counting that are lost with a worker that dies."""

Page = dict[str, Any]


class Siblings:
    """Implements `fcc.server.Crew`.

    `end` is that of the line to the parent, `began` what this worker was told to serve.
    """

    leads = False

    def __init__(self, app: App, end: socket.socket, began: Text, workers: int) -> None:
        self.app = app
        self.workers = workers
        self.chronicles = began.chronicled
        self._end = end
        self._line: Line | None = None
        self._turn = asyncio.Lock()
        self._relay = Relay(self._happened)
        self._listens = False
        self._state: tuple[float, Page] | None = None
        self._asking = asyncio.Lock()
        app.books.live.listener = Merged
        app.books.live.changed = self._listening

    async def run(self, gone: Callable[[], None]) -> None:
        """Connections are accepted: say so, and attend to the line until the parent is `gone`."""
        duties = (
            self.there,
            self.policy,
            self.report,
            self.state_page,
            self.reset_here,
            self.settle,
            self.facts,
        )
        names = ("there", "policy", "report", "state", "reset", "settle", "facts")
        handlers = {
            **dict(zip(names, duties, strict=True)),
            "relay": self.relay,
            "event": self.event,
        }
        try:
            line = self._line = await Line.over(self._end, handlers, self._crashed)
            line.tell("ready")
            counting = asyncio.create_task(self._count(line))
            await line.run()
            counting.cancel()
        finally:
            gone()

    async def _count(self, line: Line) -> None:
        """What this worker has counted survives it."""
        before = 0
        while True:
            await asyncio.sleep(COUNTS_EVERY)
            requests = self.app.books.counts.requests.total()
            if requests != before and line.tell("counted", report(reading(self.app)).told):
                before = requests

    # what is asked of all

    async def figures(self) -> tuple[Reading, Processes]:
        """Raises Silent."""
        found = await self._all("report")
        reports = [read(answer, Report) for answer in found.answers.values()]
        processes = Processes((os.getppid(), *found.answers), found.ended)
        return summed(reports, found.besides, found.workers), processes

    async def state(self, *, fresh: bool = True) -> Page:
        """The state of the whole server; not `fresh`: of half a second ago at most. When the parent does not answer,
        of this worker alone, and saying so."""
        async with self._asking:
            if fresh or self._state is None or time.monotonic() - self._state[0] > STATE_LASTS:
                self._state = (time.monotonic(), await self._asked_state())
        return self._state[1]

    async def reset(self, target: str | None) -> Page:
        """Raises Silent."""
        found = await self._all("reset", Reset(target))
        forgotten = {one for answer in found.answers.values() for one in read(answer, list[str])}
        order = [one for one in known(self.app.house) if one in forgotten]
        return {"reset": order, "workers": {"asked": found.workers, "answered": len(found.answers)}}

    async def settled(self) -> None:
        """What any worker has sent to the ledger is in there, as far as they answer. Never raises."""
        try:
            await self._all("settle")
        except Silent:
            return

    async def reload(self, by: str, confirm: str) -> Page:
        """Raises Silent."""
        return await self._change("reload", Reload(by, confirm))

    async def rollback(self, data: bytes, by: str) -> Page:
        """Raises Silent."""
        return await self._change("back", Back(data, by))

    async def _change(self, what: str, body: Any) -> Page:
        answer = await self._parent().ask(what, body, within=2 * TAKES_WITHIN + MARGIN)
        return read(answer, dict[str, Any])

    async def _all(self, what: str, body: Any = None) -> Answers:
        ask = Ask(what, msgspec.Raw(msgspec.json.encode(body)))
        return read(await self._parent().ask("all", ask, within=WITHIN + MARGIN), Answers)

    async def _asked_state(self) -> Page:
        try:
            pages = [read(one, dict[str, Any]) for one in (await self._all("state")).answers.values()]
        except Silent:
            pages = []
        apart = self.app.house.state.others is None
        return merged.state(pages or [state_page(self.app)], self.workers, apart=apart)

    def _parent(self) -> Line:
        if self._line is None:
            raise Silent("not yet")
        return self._line

    # what this worker is asked

    async def there(self, body: msgspec.Raw) -> None:
        """Whether it attends to anything at all."""

    async def policy(self, body: msgspec.Raw) -> None:
        text, app = read(body, Text), self.app
        async with self._turn:
            held = held_of(text)
            loaded = await app.house.accept_async(text.data, confirmed=held is None, held=held)
            if text.file:
                app.follower.knows(text.data)
            app.taken(loaded, text.by, kept=text.chronicled)

    async def report(self, body: msgspec.Raw) -> Report:
        return report(reading(self.app))

    async def state_page(self, body: msgspec.Raw) -> Page:
        return state_page(self.app)

    async def reset_here(self, body: msgspec.Raw) -> list[str]:
        return forget(self.app, read(body, Reset).target)

    async def settle(self, body: msgspec.Raw) -> None:
        ledger = self.app.books.ledger
        if ledger is not None:
            await ledger.settled()

    async def facts(self, body: msgspec.Raw) -> list[Any]:
        most = min(read(body, int), RECENT)
        return list(self.app.house.recent)[::-1][:most]

    # what happens

    async def relay(self, body: msgspec.Raw) -> None:
        listeners = self.app.books.live.listeners
        if read(body, bool):
            listeners.add(self._relay)
        else:
            listeners.discard(self._relay)

    async def event(self, body: msgspec.Raw) -> None:
        event = read(body, Event)
        for one in self.app.books.live.listeners:
            if isinstance(one, Merged):
                one.hear_of(event)

    def _happened(self, event: Event) -> bool:
        return self._line is not None and self._line.tell("event", event)

    def _listening(self) -> None:
        listens = any(isinstance(one, Merged) for one in self.app.books.live.listeners)
        if listens is not self._listens and self._line is not None and self._line.tell("listen", listens):
            self._listens = listens

    def _crashed(self, what: str, error: Exception) -> None:
        self.app.log.crash("", f"crew:{what}", error)
