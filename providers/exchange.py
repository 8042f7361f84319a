"""One request to one model and its answer, as canonical events.

Whatever goes wrong is raised as one `Failure`, without the provider's keys in its text. Deadlines here are those of
connecting and writing; all others are the engine's, which cancels.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from providers.classify import failure_of_fault, failure_of_response
from providers.failures import Failure
from providers.keys import Key
from providers.off_loop import off_loop
from providers.quotes import unquoted
from providers.rejected import is_unknown, limit_of_answer, rejected_field
from providers.sent import fields_of
from providers.transport import Call
from translators.dialects import Reader, speaker
from translators.events import Event, Fault, Finish
from translators.request import Request
from translators.wire import WireRequest

if TYPE_CHECKING:
    from providers.provider import Provider

POLL = 0.5
"""Seconds between two looks for an answer that was promised with a 202."""


class Ask(msgspec.Struct, frozen=True):
    """How the engine wants one model asked. `connect` and `write` in seconds; `fresh`: on a connection of its own."""

    model: str
    key: Key
    thinking: bool | None
    effort: str | None
    budget: int | None
    without: frozenset[str] = frozenset()
    fresh: bool = False
    connect: float = 5.0
    write: float = 30.0


class Exchange:
    """One request and its answer. See `Provider.open`."""

    def __init__(self, provider: Provider, request: Request, ask: Ask) -> None:
        self.status: int | None = None
        self._provider = provider
        self._request = request
        self._ask = ask
        self._call: Call | None = None
        self._reader: Reader | None = None
        self._failed: Failure | None = None
        """Known already, to be raised once the events that came before it have been taken."""

    async def start(self) -> None:
        """Writes the request, connects, sends, and awaits the response head. Raises Failure."""
        provider, request, ask = self._provider, self._request, self._ask
        target = provider.target(request, ask)
        speaks = speaker(target.profile.dialect)
        wire = await off_loop(request.size, speaks.write_request, request, target)
        try:
            call = self._call = provider.call(request, wire, ask)
            await call.start()
            while (again := provider.poll(call, ask)) is not None:
                await call.read_error()
                await asyncio.sleep(POLL)
                call = self._call = again
                await call.start()
        except Failure as failure:
            raise await self._told(failure) from None
        self.status = call.status
        if not 200 <= call.status < 300 or call.status in (204, 205):
            raise await self._refused(call, wire)
        self._reader = speaks.reader(request, target, wire)

    async def read(self) -> list[Event]:
        """The events of the next network read that brought any; never an empty list. Raises Failure.

        The list that ends with `Finish` is the last one.
        """
        call, reader = self._call, self._reader
        if self._failed is not None:
            raise self._failed
        if call is None or reader is None:
            raise RuntimeError("the exchange has not been started")
        while True:
            broken: Failure | None = None
            try:
                data = await call.read()
            except Failure as failure:
                data, broken = b"", failure
            events = reader.feed(data) if data else reader.close()
            if events and (broken is None or isinstance(events[-1], Finish)):
                last = events[-1]
                if isinstance(last, Fault):
                    return await self._faulted(events, last, call)
                if isinstance(last, Finish):
                    call.give_back()
                return events
            if not data:
                call.drop()
                failure = broken or Failure("empty", "the upstream answered nothing", status=call.status)
                return await self._fails(events, failure)

    async def aclose(self) -> None:
        """Always safe, at any time and again. Drops the connection unless the answer was complete."""
        if self._call is not None:
            self._call.drop()

    async def _faulted(self, events: list[Event], last: Fault, call: Call) -> list[Event]:
        call.drop()
        failure = failure_of_fault(last, self._provider.setup.failures)
        if failure.status is None:
            failure.status = call.status
        return await self._fails(events, failure)

    async def _fails(self, events: list[Event], failure: Failure) -> list[Event]:
        """What came before the failure, which is raised at the next read; or raises it."""
        self._failed = await self._told(failure)
        events = [event for event in events if not isinstance(event, Fault)]
        if events:
            return events
        raise self._failed

    async def _refused(self, call: Call, wire: WireRequest) -> Failure:
        body = await call.read_error()
        failure = failure_of_response(
            call.status, call.headers, body, self._provider.setup.failures, time.time()
        )
        if failure.kind in ("bad_request", "server_error", "overflow"):
            names = await off_loop(len(wire.body), fields_of, wire.body)
            if failure.kind == "overflow":
                failure.field = limit_of_answer(body, names)
            else:
                failure.field = rejected_field(call.status, body, names)
                failure.unknown = failure.field is not None and is_unknown(body)
        return await self._told(failure)

    async def _told(self, failure: Failure) -> Failure:
        """The failure as it may leave this room: without keys, and what is kept of it without the prompt."""
        self._provider.told(failure)
        failure.kept = await off_loop(self._request.size, unquoted, failure.message, self._request)
        return failure
