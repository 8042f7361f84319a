"""The dialects that clients speak, by the address they send to: the one door into the translators for the server.

    /v1/messages            Anthropic's Messages API
    /v1/chat/completions    OpenAI's Chat Completions
    /v1/responses           OpenAI's Responses API

Whatever comes in becomes a canonical request, and canonical events become the answer the client expects.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from translators import anthropic_request, anthropic_writer, inbound_chat, inbound_responses, openai_clients
from translators.events import Event
from translators.request import Request


class Writer(Protocol):
    """A streamed answer. What `begin` gives goes before everything else; after Finish the answer is over."""

    def begin(self) -> bytes: ...

    def feed(self, events: list[Event]) -> bytes: ...

    def ping(self) -> bytes:
        """Something to keep the client awake."""
        ...

    def broken(self, kind: str, message: str, request_id: str) -> bytes:
        """The end of an answer that failed under way; `kind` is an error type of the Messages API."""
        ...


class Collector(Protocol):
    """The same answer as one document."""

    def feed(self, events: list[Event]) -> None: ...

    def message(self) -> bytes: ...


class Client(msgspec.Struct, frozen=True):
    """What a client speaks."""

    read_request: Callable[[bytes, Mapping[str, str]], Request]
    """Body and headers with lower-case names; raises RequestError."""
    writer: Callable[..., Writer]
    """Takes the request, `message_id` and `input_estimate`."""
    collector: Callable[..., Collector]
    error: Callable[[str, str, str], bytes]
    """Error type of the Messages API, message and request id → the body of an HTTP error."""


class AnthropicStream(anthropic_writer.StreamWriter):
    """The Anthropic writer, which can also break off."""

    def broken(self, kind: str, message: str, request_id: str) -> bytes:
        return b"event: error\ndata: " + anthropic_error(kind, message, request_id) + b"\n\n"


def anthropic_error(kind: str, message: str, request_id: str) -> bytes:
    """The envelope of docs.claude.com/en/api/errors."""
    error = {"type": kind, "message": message}
    return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})


def _dated(written: Callable[..., Any]) -> Callable[..., Any]:
    """`written` with the time of now: OpenAI's answers say when they were made."""

    def write(request: Request, *, message_id: str, input_estimate: int) -> Any:
        return written(
            request, message_id=message_id, input_estimate=input_estimate, created=int(time.time())
        )

    return write


CLIENTS: Mapping[str, Client] = {
    "/v1/messages": Client(
        anthropic_request.read_request,
        AnthropicStream,
        anthropic_writer.MessageCollector,
        anthropic_error,
    ),
    "/v1/chat/completions": Client(
        inbound_chat.read_request,
        _dated(inbound_chat.StreamWriter),
        _dated(inbound_chat.Collector),
        openai_clients.error_body,
    ),
    "/v1/responses": Client(
        inbound_responses.read_request,
        _dated(inbound_responses.StreamWriter),
        _dated(inbound_responses.Collector),
        openai_clients.error_body,
    ),
}
"""Address → dialect."""
