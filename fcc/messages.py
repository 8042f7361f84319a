"""`POST /v1/messages` and `/v1/messages/count_tokens`: the hot path, as plain ASGI.

    body → request → run of a chain → stream, or one JSON message → one row in the books, one line in the log

Nothing is validated twice: the translator reads the body, the engine decides, this file only plays the
answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec

from engine.generation import House
from engine.outcome import ChainFailed
from engine.run import Run
from engine.tokens import estimate
from fcc import errors
from fcc.body import ClientGone, Receive, parsed, read_body, text_headers
from fcc.books import Books
from fcc.errors import Header, HttpError, Send
from fcc.gate import Caller
from fcc.leaving import Leaving
from fcc.log import Log
from fcc.record import Record, run_headers
from fcc.stream import Stream
from providers.off_loop import off_loop
from translators.anthropic_request import read_count_request
from translators.anthropic_writer import new_message_id
from translators.clients import Client
from translators.events import Fault, Finish
from translators.request import RequestError

MOST_AT_ONCE = 256
"""Requests in flight; more are answered 529, which the client repeats."""

QUICKLY_COUNTED = 16 * 1024
"""Bytes of a request whose tokens are counted in less than a millisecond."""

CLIENT_GONE = 499
"""Status in the log for a request whose client left (nginx's number for it); nobody receives it."""


class InFlight:
    """Counts the requests that are being answered. `with` it raises HttpError when there are too many."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self.most = most
        self.now = 0

    def __enter__(self) -> None:
        if self.now >= self.most:
            raise HttpError(529, f"{self.most} requests are in flight", (b"retry-after", b"1"))
        self.now += 1

    def __exit__(self, *_: object) -> None:
        self.now -= 1


class Messages:
    """The address of a client dialect: `POST /v1/messages` and its likes, streamed or not."""

    def __init__(self, house: House, log: Log, client: Client, in_flight: InFlight, books: Books) -> None:
        self.in_flight = in_flight
        self.house = house
        self.log = log
        self.books = books
        self.client = client

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        caller: Caller = scope["fcc"]
        record = Record(caller.request_id, caller.client)
        self.books.begin(record)
        try:
            with self.in_flight:
                await self.serve(scope, receive, send, record)
        except ClientGone:
            record.status = CLIENT_GONE
        except ChainFailed as failed:
            headers = errors.retry_headers(failed.retry_after, failed.should_retry)
            await self.refuse(send, record, failed.status, failed.message, failed.type, headers)
        except RequestError as error:
            await self.refuse(send, record, error.status, error.message, error.type)
        except HttpError as error:
            await self.refuse(send, record, error.status, error.message, headers=error.headers)
        except asyncio.CancelledError:
            await self.stopped(send, record)
        finally:
            self.books.end(record)
            self.log.request(record.fields())

    async def serve(self, scope: Any, receive: Receive, send: Send, record: Record) -> None:
        headers = text_headers(scope)
        body = await read_body(receive, headers)
        request = await parsed(body, headers, self.client.read_request)
        record.asked(request)
        run = await self.house.run(request, client=record.client)
        record.run = run
        self.books.started(record)
        leaving = Leaving(receive, this_task())
        try:
            if request.stream:
                await self.play(send, run, leaving, record)
            else:
                await self.collect(send, run, leaving, record)
        except asyncio.CancelledError:
            if leaving.gone:
                record.status = CLIENT_GONE
            raise
        finally:
            leaving.stay()
            await run.aclose()

    async def play(self, send: Send, run: Run, leaving: Leaving, record: Record) -> None:
        clocks = run.generation.policy.settings.defaults
        await Stream(send, run, self.client, clocks, leaving, record, self.books.settle).play()

    async def collect(self, send: Send, run: Run, leaving: Leaving, record: Record) -> None:
        collector = self.client.collector(
            run.request, message_id=new_message_id(), input_estimate=run.request_tokens
        )
        async for events in run:
            record.heard()
            last = events[-1]
            if isinstance(last, Fault):
                raise ChainFailed(529, "overloaded_error", last.message)
            collector.feed(events)
            if isinstance(last, Finish):
                record.usage = last.usage
                break
        else:
            raise ChainFailed(529, "overloaded_error", "the answer ended before its end")
        leaving.stay()
        await self.books.settle(record)
        await errors.answer(send, 200, collector.message(), run_headers(run))

    async def refuse(
        self,
        send: Send,
        record: Record,
        status: int,
        message: str,
        kind: str | None = None,
        headers: Iterable[Header] = (),
    ) -> None:
        kind = kind or errors.type_of(status)
        record.failed(status, kind)
        await self.books.settle(record)
        shown = [*headers, *record.headers()]
        await errors.refuse(send, status, message, record.request_id, shown, kind, self.client.error)

    async def stopped(self, send: Send, record: Record) -> None:
        """The task was cancelled: its client left, or fcc is about to stop. It ends here, in peace."""
        this_task().uncancel()
        if record.status != CLIENT_GONE and not record.begun:
            await self.refuse(send, record, 529, "fcc is shutting down", headers=[(b"retry-after", b"2")])


def this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


class CountTokens:
    """`POST /v1/messages/count_tokens`: an estimate, made here; no upstream is asked. Raises HttpError.

    Claude Code asks 35 times at once for `/context`. What takes longer than a moment is counted off the loop, one after
    the other, so that answers that are being streamed go on.
    """

    def __init__(self, in_flight: InFlight) -> None:
        self.in_flight = in_flight

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        with self.in_flight:
            await self.count(scope, receive, send)

    async def count(self, scope: Any, receive: Receive, send: Send) -> None:
        request_id = scope["fcc"].request_id
        headers = text_headers(scope)
        try:
            request = await parsed(await read_body(receive, headers), headers, read_count_request)
            count = await off_loop(request.size, estimate, request, above=QUICKLY_COUNTED)
        except ClientGone:
            return
        except RequestError as error:
            await errors.refuse(send, error.status, error.message, request_id, kind=error.type)
            return
        await errors.answer(send, 200, msgspec.json.encode({"input_tokens": count}))
