"""One streamed answer: the head held back, the client kept awake, each piece of the run written at once.

The head waits until the model says something or `hold` seconds have passed, so that a failed chain can
still be a real HTTP status. After that the client hears a ping whenever `ping` seconds pass in silence, and
a failure is an SSE `error` event after which the body ends without `message_stop`
(docs.claude.com/en/api/messages-streaming).

A single timer does the waiting: it looks at the time of the last write and sets itself again, so that a
piece of the answer costs no timer, no task and no queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.outcome import ChainFailed
from engine.run import Run
from fcc.errors import Send
from fcc.leaving import Leaving
from fcc.record import Record, run_headers
from rules.settings import Defaults
from translators.anthropic_writer import new_message_id
from translators.clients import Client
from translators.events import Event, Fault, Finish

HEAD = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]


class Stream:
    """Plays a run to the client, and notes in the record what became of it. `settle` is awaited with the record before
    the last bytes leave."""

    def __init__(
        self,
        send: Send,
        run: Run,
        client: Client,
        clocks: Defaults,
        leaving: Leaving,
        record: Record,
        settle: Callable[[Record], Awaitable[None]],
    ) -> None:
        self.send = send
        self.run = run
        self.writer = client.writer(
            run.request, message_id=new_message_id(), input_estimate=run.request_tokens
        )
        self.clocks = clocks
        self.leaving = leaving
        self.record = record
        self.settle = settle
        self._busy = False
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._speaking: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(clocks.hold, self._quiet)

    async def play(self) -> None:
        """Write the whole answer. Raises ChainFailed while the head has not gone out."""
        try:
            async for events in self.run:
                if await self._said(events):
                    return
            await self._break_off("overloaded_error", "the answer ended before its end")
        except ChainFailed as failed:
            if not self._heard():
                raise
            self.record.error = failed.type
            kind = failed.type if failed.should_retry is False else "overloaded_error"
            await self._break_off(kind, failed.message)
        except asyncio.CancelledError:
            if self.record.begun and not self.leaving.gone:
                await self._break_off("overloaded_error", "fcc is shutting down")
            raise
        finally:
            self._timer.cancel()

    async def _said(self, events: list[Event]) -> bool:
        """Pass a piece of the run on; whether it was the last."""
        self.record.heard()
        last = events[-1]
        if isinstance(last, Fault):
            self.record.error = last.kind
            await self._write(self.writer.feed(events[:-1]), False)
            await self._break_off("overloaded_error", last.message)
            return True
        over = isinstance(last, Finish)
        if over:
            self.record.usage = last.usage
        await self._write(self.writer.feed(events), over)
        return over

    def _heard(self) -> bool:
        """The client has the head, or is being sent it this moment."""
        return self.record.begun or self._speaking is not None

    async def _break_off(self, kind: str, message: str) -> None:
        await self._write(self.writer.broken(kind, message, self.record.request_id), True)

    async def _write(self, data: bytes, over: bool) -> None:
        if self._speaking is not None:
            await self._speaking
            self._speaking = None
        if not self.record.begun:
            await self._head()
            data = self.writer.begin() + data
        if over:
            self._timer.cancel()
            self.leaving.stay()
            await self.settle(self.record)
        if data or over:
            self._busy = True
            await self.send({"type": "http.response.body", "body": data, "more_body": not over})
            self._busy = False
            self._last = self._loop.time()

    async def _head(self) -> None:
        self.record.begun = True
        headers = [*HEAD, *run_headers(self.run)]
        await self.send({"type": "http.response.start", "status": 200, "headers": headers})

    def _quiet(self) -> None:
        """The timer: speak when it has been silent for long enough, and look again later."""
        wait = self.clocks.ping
        silent = self._loop.time() - self._last
        if self.record.begun and silent < wait:
            wait -= silent
        elif not self._busy and (self._speaking is None or self._speaking.done()):
            self._speaking = self._loop.create_task(self._speak())
        self._timer = self._loop.call_later(max(wait, 0.001), self._quiet)

    async def _speak(self) -> None:
        if self.record.begun:
            data = self.writer.ping()
        else:
            await self._head()
            data = self.writer.begin()
        await self.send({"type": "http.response.body", "body": data, "more_body": True})
        self._last = self._loop.time()
