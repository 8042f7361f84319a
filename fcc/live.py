"""What happens now: the requests in flight, and those who listen to what changes.

A listener has a short queue of its own. One that does not read loses the oldest events and is told how many, so that
a browser left open for a day costs no more than one just opened.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from engine.decision import short
from fcc.record import Record

MOST_LISTENERS = 32
MOST_EVENTS = 256
"""Events that wait for one listener."""


class Listener:
    """Events for one who listens, encoded as server-sent events (html.spec.whatwg.org/#server-sent-events)."""

    def __init__(self) -> None:
        self._events: deque[bytes] = deque(maxlen=MOST_EVENTS)
        self._missed = 0
        self._news = asyncio.Event()
        self.over = False

    def hear(self, event: bytes) -> None:
        if len(self._events) == MOST_EVENTS:
            self._missed += 1
        self._events.append(event)
        self._news.set()

    def stop(self) -> None:
        self.over = True
        self._news.set()

    async def next(self, patience: float) -> bytes | None:
        """What has come, in one piece; b"" when nothing came in `patience` seconds, None when it is over."""
        if not await self._heard(patience):
            return b""
        if self.over:
            return None
        self._news.clear()
        missed, self._missed = self._missed, 0
        told = sse("missed", {"count": missed}) if missed else b""
        events = b"".join(self._events)
        self._events.clear()
        return told + events

    async def _heard(self, patience: float) -> bool:
        """Whether anything came within `patience` seconds, the end among it."""
        try:
            async with asyncio.timeout(patience):
                return await self._news.wait()
        except TimeoutError:
            return False


class Live:
    """`requests`: those in flight, by request id."""

    def __init__(self) -> None:
        self.requests: dict[str, Record] = {}
        self.listeners: set[Listener] = set()
        self.changed: Callable[[], None] = lambda: None
        """Called when somebody has begun to listen, or has left."""
        self.listener: Callable[[], Listener] = Listener
        """Makes one."""

    def tell(self, kind: str, data: Any) -> None:
        """To everybody who listens."""
        if self.listeners:
            event = sse(kind, data)
            for one in self.listeners:
                one.hear(event)

    def listen(self) -> Listener | None:
        """None: enough people listen already."""
        if len(self.listeners) >= MOST_LISTENERS:
            return None
        listener = self.listener()
        self.listeners.add(listener)
        self.changed()
        return listener

    def leave(self, listener: Listener) -> None:
        self.listeners.discard(listener)
        self.changed()

    def stop(self) -> None:
        """The server is about to stop: nobody is kept."""
        for one in self.listeners:
            one.stop()

    def in_flight(self) -> list[dict[str, Any]]:
        """The requests of this moment, the oldest first."""
        return [moment(record) for record in self.requests.values()]


def moment(record: Record) -> dict[str, Any]:
    """A request in flight: on which model, since when. `at` in seconds since 1970."""
    since = (time.perf_counter() - record.began) * 1000
    row: dict[str, Any] = {
        "request": record.request_id,
        "at": round(time.time() - since / 1000, 3),
        "client": record.client,
        "asked": short(record.model),
        "stream": record.stream,
        "ms": round(since, 1),
        "first_token_ms": record.since(record.first_token),
    }
    run = record.run
    if run is not None:
        tried = run.attempts
        row |= {
            "session": run.facts.session,
            "sub_agent": run.facts.sub_agent,
            "task": run.facts.task,
            "route": run.route,
            "target": short(run.target or (tried[-1].target if tried else "")),
            "attempts": [{"target": short(one.target), "failure": one.failure} for one in tried],
        }
    return row


def sse(kind: str, data: Any) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"
