"""Canonical events as an answer of Chat Completions: chunks, or one completion.

Text blocks have no twin here: they are joined with an empty line between them.
"""

from __future__ import annotations

from typing import Any

from translators.events import (
    Break,
    Event,
    Fault,
    Finish,
    Redacted,
    Signature,
    Start,
    StopReason,
    Text,
    Thinking,
    Tool,
    Usage,
)
from translators.inbound_chat.request import Chat
from translators.openai_clients import Counts, Fields, custom_input, error_of, json_of
from translators.request import Request

_REASONS: dict[StopReason, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "compaction": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}


class _Answer:
    """What both forms share: identity, blocks, calls, counts."""

    def __init__(self, request: Request, message_id: str, input_estimate: int, created: int) -> None:
        self.asked: Chat = request.dialect if isinstance(request.dialect, Chat) else Chat()
        self.head: Fields = {
            "id": "chatcmpl-" + message_id.removeprefix("msg_"),
            "object": "chat.completion",
            "created": created,
            "model": request.asked,
        }
        self.counts = Counts(input_estimate)
        self.calls = 0
        self._last: type[Event] | None = None
        self._said: set[type[Event]] = set()

    def piece(self, event: Text | Thinking) -> str:
        """The text of an event, with an empty line before it if another block of its kind went before."""
        kind = type(event)
        if kind is not self._last:
            fresh = kind not in self._said
            self._last = kind
            self._said.add(kind)
            if not fresh:
                return "\n\n" + event.text
        return event.text

    def other(self, event: Event) -> None:
        """An event that is not said itself."""
        if isinstance(event, Break | Signature | Redacted):
            self._last = None
        elif isinstance(event, Start):
            self.counts.add(event.usage)
        elif isinstance(event, Usage):
            self.counts.add(event)

    def call(self, tool: Tool) -> Fields:
        """A tool call under an id that no other call of the conversation has."""
        self._last = None
        call_id = f"call_{self.head['id'].removeprefix('chatcmpl-')}_{self.calls}"
        self.calls += 1
        self.counts.said += len(tool.input)
        if tool.name in self.asked.custom:
            given = {"name": tool.name, "input": custom_input(tool.input)}
            return {"id": call_id, "type": "custom", "custom": given}
        function = {"name": tool.name, "arguments": tool.input}
        return {"id": call_id, "type": "function", "function": function}

    def reason(self, finish: Finish) -> str:
        """The finish_reason: `tool_calls` if and only if there were any."""
        self.counts.add(finish.usage)
        if self.calls and finish.reason != "refusal":
            return "tool_calls"
        return _REASONS[finish.reason]

    def usage(self) -> Fields:
        prompt, completion = self.counts.total()
        usage = self.counts.usage
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": usage.cache_read or 0},
            "completion_tokens_details": {"reasoning_tokens": usage.thinking or 0},
        }


class StreamWriter:
    """Events in, chunks out."""

    def __init__(self, request: Request, *, message_id: str, input_estimate: int, created: int = 0) -> None:
        """`created`: seconds since the epoch."""
        self._answer = _Answer(request, message_id, input_estimate, created)
        self._answer.head["object"] = "chat.completion.chunk"
        head = json_of(self._answer.head)[:-1]
        self._bare = b"data: " + head
        start = self._bare + b',"choices":[{"index":0,"delta":{'
        self._text = start + b'"content":'
        self._thinking = start + b'"reasoning_content":'
        self._end = b'},"logprobs":null,"finish_reason":null}]}\n\n'

    def begin(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    def feed(self, events: list[Event]) -> bytes:
        out: list[bytes] = []
        answer = self._answer
        for event in events:
            if isinstance(event, Text):
                text = json_of(answer.piece(event))
                answer.counts.said += len(text)
                out += (self._text, text, self._end)
            elif isinstance(event, Thinking):
                text = json_of(answer.piece(event))
                answer.counts.said += len(text)
                out += (self._thinking, text, self._end)
            elif isinstance(event, Tool):
                index = answer.calls
                out.append(self._chunk({"tool_calls": [{"index": index, **answer.call(event)}]}))
            elif isinstance(event, Finish):
                out.append(self._finish(event))
            elif isinstance(event, Fault):
                out.append(self.broken("overloaded_error", event.message, ""))
            else:
                answer.other(event)
        return b"".join(out)

    def ping(self) -> bytes:
        """A comment, which clients skip."""
        return b": ping\n\n"

    def broken(self, kind: str, message: str, request_id: str) -> bytes:
        """The answer ends in an error of the Messages API's type `kind`; nothing follows."""
        return b"data: " + json_of({"error": error_of(kind, message), "request_id": request_id}) + b"\n\n"

    def _chunk(self, delta: Fields, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._bare + b',"choices":' + json_of([choice]) + b"}\n\n"

    def _finish(self, finish: Finish) -> bytes:
        data = self._chunk({}, self._answer.reason(finish))
        if self._answer.asked.usage:
            data += self._bare + b',"choices":[],"usage":' + json_of(self._answer.usage()) + b"}\n\n"
        return data + b"data: [DONE]\n\n"


class Collector:
    """Events in, one completion out."""

    def __init__(self, request: Request, *, message_id: str, input_estimate: int, created: int = 0) -> None:
        """`created`: seconds since the epoch."""
        self._answer = _Answer(request, message_id, input_estimate, created)
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._calls: list[Fields] = []
        self._reason = "stop"

    def feed(self, events: list[Event]) -> None:
        answer = self._answer
        for event in events:
            if isinstance(event, Text | Thinking):
                answer.counts.said += len(event.text)
                (self._text if isinstance(event, Text) else self._thinking).append(answer.piece(event))
            elif isinstance(event, Tool):
                self._calls.append(answer.call(event))
            elif isinstance(event, Finish):
                self._reason = answer.reason(event)
            else:
                answer.other(event)

    def message(self) -> bytes:
        text = "".join(self._text)
        content = text if text or not self._calls else None
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
        if self._thinking:
            message["reasoning_content"] = "".join(self._thinking)
        if self._calls:
            message["tool_calls"] = self._calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._reason}
        return json_of({**self._answer.head, "choices": [choice], "usage": self._answer.usage()})
