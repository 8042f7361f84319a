"""Answers as clients of the Messages API get them: a stream of events, or one message.

Source: docs.claude.com/en/api/messages-streaming. What is said in which order is decided in `answer`; here it becomes
bytes. A delta is fixed bytes around one encoded string, and all that comes of one network read is joined once.
"""

from __future__ import annotations

from typing import Any

import msgspec

from translators.answer import Answer, new_id
from translators.events import Event, Text, Thinking
from translators.lenient_json import text_of, whole
from translators.order import Step
from translators.request import Request

PING = b'event: ping\ndata: {"type":"ping"}\n\n'

_FIELDS: dict[Step, str] = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
    "citations_delta": "citation",
}
"""What a delta's value is called."""

_DELTA_END = b"}}\n\n"
_encode = msgspec.json.encode


def new_message_id() -> str:
    return new_id("msg_")


class StreamWriter(Answer):
    """Events in, server-sent events out."""

    def __init__(self, request: Request, *, message_id: str, input_estimate: int) -> None:
        super().__init__(request, message_id=message_id, input_estimate=input_estimate)
        self._out: list[bytes] = []
        self._text_head = self._thinking_head = b""
        """What stands before the string of a delta in the block that is open."""

    def begin(self) -> bytes:
        """The message_start. It may be asked for after the first events were fed, whose bytes then follow it."""
        return _frame({"type": "message_start", "message": self.head()})

    def ping(self) -> bytes:
        return PING

    def feed(self, events: list[Event]) -> bytes:
        """The bytes of `events`, in one piece."""
        out = self._out
        for event in events:
            if type(event) is Text and self._state == "text" and event.text:
                text = event.text
                self._length += len(text)
                out += (self._text_head, _string(text), _DELTA_END)
            elif type(event) is Thinking and self._state == "thinking" and not self._omitted and event.text:
                text = event.text
                self._length += len(text)
                out += (self._thinking_head, _string(text), _DELTA_END)
            else:
                self.take(event)
        data = b"".join(out)
        out.clear()
        return data

    def _open(self, block: dict[str, Any]) -> None:
        self._out.append(
            _frame({"type": "content_block_start", "index": self._index, "content_block": block})
        )
        self._text_head = self._delta_head("text_delta")
        self._thinking_head = self._delta_head("thinking_delta")

    def _delta_head(self, step: Step) -> bytes:
        return (
            'event: content_block_delta\ndata: {"type":"content_block_delta","index":'
            f'{self._index},"delta":{{"type":"{step}","{_FIELDS[step]}":'
        ).encode()

    def _say(self, step: Step, value: Any) -> None:
        encoded = _string(value) if isinstance(value, str) else _encode(value)
        self._out += (self._delta_head(step), encoded, _DELTA_END)

    def _close(self) -> None:
        self._out.append(_frame({"type": "content_block_stop", "index": self._index}))

    def _end(self, delta: dict[str, Any], usage: dict[str, Any]) -> None:
        self._out.append(_frame({"type": "message_delta", "delta": delta, "usage": usage}))
        self._out.append(_frame({"type": "message_stop"}))

    def _fail(self, kind: str, message: str) -> None:
        self._out.append(_frame({"type": "error", "error": {"type": kind, "message": message}}))


class MessageCollector(Answer):
    """Events in, one message out: what a client would put together from the stream."""

    def __init__(self, request: Request, *, message_id: str, input_estimate: int) -> None:
        super().__init__(request, message_id=message_id, input_estimate=input_estimate)
        self._content: list[dict[str, Any]] = []
        self._pieces: list[str] = []
        self._field = ""
        self._last: dict[str, Any] | None = None

    def feed(self, events: list[Event]) -> None:
        for event in events:
            self.take(event)

    def message(self) -> bytes:
        """The message as JSON. Raises ValueError unless the answer is complete."""
        if self._last is None:
            raise ValueError("the answer is not complete")
        return _json({**self.head(), "content": self._content, **self._last})

    def _open(self, block: dict[str, Any]) -> None:
        self._content.append(dict(block))

    def _say(self, step: Step, value: Any) -> None:
        block = self._content[-1]
        if step == "citations_delta":
            block.setdefault("citations", []).append(value)
        elif step == "signature_delta":
            block["signature"] = value
        else:
            self._field = _FIELDS[step]
            self._pieces.append(value)

    def _close(self) -> None:
        if self._pieces:
            said = whole("".join(self._pieces))
            self._pieces.clear()
            if self._field == "partial_json":
                self._content[-1]["input"] = msgspec.json.decode(said)
            else:
                self._content[-1][self._field] = said

    def _end(self, delta: dict[str, Any], usage: dict[str, Any]) -> None:
        self._last = {**delta, "usage": usage}

    def _fail(self, kind: str, message: str) -> None:
        self._last = None


def _string(text: str) -> bytes:
    try:
        return _encode(text)
    except UnicodeEncodeError:
        return _encode(whole(text))


def _json(value: Any) -> bytes:
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return text_of(value).encode()


def _frame(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: ".encode() + _json(data) + b"\n\n"
