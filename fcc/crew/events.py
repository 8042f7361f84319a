"""What happens in one worker, told to those who listen at another, in the order in which it happened.

Only while somebody listens elsewhere is a `Relay` among a worker's listeners. Events carry the time of their making on
the monotonic clock, which all processes of a machine share (docs.python.org/3/library/time.html#time.monotonic); a
listener holds each back for `SETTLE` seconds, and what comes later than that is told late.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from fcc.live import MOST_EVENTS, Listener, sse

SETTLE = 0.05
OWN = b"event: policy\n"
"""Every worker hears of a policy itself."""


class Event(msgspec.Struct, omit_defaults=True):
    at: float
    text: str
    """As it goes to a browser."""
    missed: int = 0
    """Events before it for which there was no place."""


class Relay(Listener):
    """Among the listeners of a worker: sends what it hears to the others."""

    def __init__(self, send: Callable[[Event], bool]) -> None:
        super().__init__()
        self._send = send
        self._lost = 0

    def hear(self, event: bytes) -> None:
        if event.startswith(OWN):
            return
        sent = self._send(Event(time.monotonic(), event.decode(), self._lost))
        self._lost = 0 if sent else self._lost + 1


class Merged(Listener):
    """Listens to this worker and to the others."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[tuple[float, bytes]] = []

    def hear(self, event: bytes) -> None:
        self._hold(time.monotonic(), event)

    def hear_of(self, event: Event) -> None:
        """Something happened in another worker."""
        self._missed += event.missed
        self._hold(event.at, event.text.encode())

    async def next(self, patience: float) -> bytes | None:
        """As that of any listener."""
        if not await self._heard(patience):
            return b""
        if not self.over:
            await asyncio.sleep(SETTLE)
        return None if self.over else self._told(time.monotonic() - SETTLE)

    def _hold(self, at: float, event: bytes) -> None:
        if len(self._held) == MOST_EVENTS:
            self._missed += 1
            self._held.remove(min(self._held, key=lambda one: one[0]))
        self._held.append((at, event))
        self._news.set()

    def _told(self, until: float) -> bytes:
        """What happened by then, in order."""
        self._held.sort(key=lambda one: one[0])
        due = [event for at, event in self._held if at <= until]
        del self._held[: len(due)]
        if not self._held:
            self._news.clear()
        missed, self._missed = self._missed, 0
        return b"".join([sse("missed", {"count": missed}) if missed else b"", *due])
