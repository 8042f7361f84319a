"""`POST /v1/messages` and `/v1/messages/count_tokens`: the hot path, as plain ASGI.

    body → request → run of a chain → stream, or one JSON message → one line in the log

Nothing is validated twice: the translator reads the body, the engine decides, this file only plays the
answer.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from engine.generation import House
from engine.run import ChainFailed, Run
from engine.tokens import estimate
from translators.anthropic_request import read_count_request
from translators.anthropic_writer import MessageCollector, StreamWriter, new_message_id

from fcc import errors
from fcc.body import ClientGone, Receive, parsed, read_body, text_headers
from fcc.errors import HttpError, Send
from fcc.gate import Caller
from fcc.leaving import Leaving
from fcc.log import Log
from fcc.record import Record
from fcc.stream import Stream, run_headers
from translators.events import Fault, Finish
from translators.request import Request, RequestError

MOST_AT_ONCE = 256
"""Requests in flight; more are answered 529, which the client repeats."""

CLIENT_GONE = 499
"""Status in the log for a request whose client left (nginx's number for it); nobody receives it."""


class Messages:
    """`POST /v1/messages`, streamed or not."""

    def __init__(self, house: House, log: Log) -> None:
        self.house = house
        self.log = log
        self.in_flight = 0

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        caller: Caller = scope["fcc"]
        record = Record(caller.request_id, caller.client)
        self.in_flight += 1
        try:
            if self.in_flight > MOST_AT_ONCE:
                raise HttpError(529, f"{MOST_AT_ONCE} requests are in flight", (b"retry-after", b"1"))
            await self.serve(scope, receive, send, record)
        except ClientGone:
            record.status = CLIENT_GONE
        except ChainFailed as failed:
            record.failed(failed.status, failed.type)
            headers = errors.retry_headers(failed.retry_after, failed.should_retry)
            headers += record.headers()
            await errors.refuse(send, failed.status, failed.message, caller.request_id, headers, failed.type)
        except RequestError as error:
            record.failed(error.status, error.type)
            await errors.refuse(send, error.status, error.message, caller.request_id, kind=error.type)
        except HttpError as error:
            record.failed(error.status, errors.type_of(error.status))
            await errors.refuse(send, error.status, error.message, caller.request_id, error.headers)
        finally:
            self.in_flight -= 1
            self.log.request(record.fields())

    async def serve(self, scope: Any, receive: Receive, send: Send, record: Record) -> None:
        headers = text_headers(scope)
        request = await parsed(await read_body(receive, headers), headers)
        record.asked(request)
        run = self.house.run(request, client=record.client)
        record.run = run
        task = asyncio.current_task()
        assert task is not None
        leaving = Leaving(receive, task)
        try:
            if request.stream:
                await self.play(send, request, run, leaving, record)
            else:
                await self.collect(send, request, run, leaving, record)
        except asyncio.CancelledError:
            if not leaving.gone:
                raise
            task.uncancel()
            record.status = CLIENT_GONE
        finally:
            leaving.stay()
            await run.aclose()

    async def play(self, send: Send, request: Request, run: Run, leaving: Leaving, record: Record) -> None:
        writer = StreamWriter(request, message_id=new_message_id(), input_estimate=run.request_tokens)
        generation = self.house.generation
        assert generation is not None
        clocks = generation.policy.settings.defaults
        stream = Stream(send, run, writer, clocks, leaving, record.request_id)
        try:
            await stream.play()
        finally:
            record.streamed(stream)

    async def collect(self, send: Send, request: Request, run: Run, leaving: Leaving, record: Record) -> None:
        collector = MessageCollector(request, message_id=new_message_id(), input_estimate=run.request_tokens)
        async for events in run:
            last = events[-1]
            if isinstance(last, Fault):
                raise ChainFailed(529, "overloaded_error", last.message)
            collector.feed(events)
            if isinstance(last, Finish):
                record.usage = last.usage
                break
        leaving.stay()
        await errors.answer(send, 200, collector.message(), run_headers(run))


class CountTokens:
    """`POST /v1/messages/count_tokens`: an estimate, made here; no upstream is asked."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        request_id = scope["fcc"].request_id
        headers = text_headers(scope)
        try:
            request = await parsed(await read_body(receive, headers), headers, read_count_request)
            count = estimate(request)
        except ClientGone:
            return
        except RequestError as error:
            await errors.refuse(send, error.status, error.message, request_id, kind=error.type)
            return
        await errors.answer(send, 200, msgspec.json.encode({"input_tokens": count}))
