"""Canonical events as an answer of the Responses API: its events, or one response.

    block                       item                                 its events between added and done
    text                        message                              content_part, output_text
    thinking and signature      reasoning                            reasoning_summary_part, reasoning_summary_text
    redacted thinking           reasoning without summary            none
    tool call                   function_call, custom_tool_call      arguments or input, in one piece

One item is open at a time; every event has the next `sequence_number`.
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
    Text,
    Thinking,
    Tool,
    Usage,
)
from translators.inbound_responses import output
from translators.inbound_responses.request import Declared, Responses
from translators.openai_clients import Counts, Fields, error_of, json_of
from translators.request import Request

_INCOMPLETE = {
    "max_tokens": "max_output_tokens",
    "model_context_window_exceeded": "max_output_tokens",
    "refusal": "content_filter",
}
"""Stop reasons that leave an answer incomplete, and why."""

_BEGIN = ("response.created", "response.in_progress")

_REPEATED = {
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "truncation": "disabled",
    "user": None,
}
"""Fields of the request that the answer repeats, and what they are if they were not there."""


class StreamWriter:
    """Events in, events of the API out."""

    def __init__(self, request: Request, *, message_id: str, input_estimate: int, created: int = 0) -> None:
        """`created`: seconds since the epoch."""
        self._asked = request.dialect if isinstance(request.dialect, Responses) else Responses()
        self._suffix = message_id.removeprefix("msg_")
        self._response = self._first = self._empty(request, created)
        self._counts = Counts(input_estimate)
        self._number = len(_BEGIN)
        self._output: list[Fields] = []
        self._open: type[Event] | None = None
        """The kind of block whose item is open: Text or Thinking."""
        self._item_id = ""
        self._said: list[str] = []
        self._delta = self._head = b""
        """What stands before the sequence number of a delta, and between that and its text."""

    def _empty(self, request: Request, created: int) -> Fields:
        asked = self._asked.asked
        repeated = {name: asked.get(name) or value for name, value in _REPEATED.items()}
        if asked.get("parallel_tool_calls") is False:
            repeated["parallel_tool_calls"] = False
        return {
            "id": "resp_" + self._suffix,
            "object": "response",
            "created_at": created,
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "max_output_tokens": asked.get("max_output_tokens"),
            "model": request.asked,
            "output": [],
            "previous_response_id": None,
            "store": False,
            "temperature": asked.get("temperature"),
            "tools": [],
            "top_p": asked.get("top_p"),
            "usage": None,
            **repeated,
        }

    def begin(self) -> bytes:
        """It may be asked for after the first events were fed, whose bytes then follow it."""
        return b"".join(_frame(event, number, response=self._first) for number, event in enumerate(_BEGIN))

    def ping(self) -> bytes:
        out: list[bytes] = []
        self._emit(out, "keepalive")
        return b"".join(out)

    def feed(self, events: list[Event]) -> bytes:
        out: list[bytes] = []
        for event in events:
            if isinstance(event, Text | Thinking):
                if type(event) is not self._open:
                    self._begin_item(type(event), out)
                self._said.append(event.text)
                number = b"%d" % self._number
                self._number += 1
                out += (self._delta, number, self._head, json_of(event.text), b"}\n\n")
            else:
                self._other(event, out)
        return b"".join(out)

    def broken(self, kind: str, message: str, request_id: str) -> bytes:
        """The answer ends in an error of the Messages API's type `kind`; nothing follows."""
        error = error_of(kind, message)
        code = error["code"] or error["type"]
        response = {**self._response, "status": "failed", "output": self._output, "metadata": {}}
        response["error"] = {"code": code, "message": message}
        if request_id:
            response["metadata"] = {"request_id": request_id}
        out: list[bytes] = []
        self._emit(out, "response.failed", response=response)
        return b"".join(out)

    def response(self) -> Fields:
        """The answer as it stands."""
        return self._response

    def _other(self, event: Event, out: list[bytes]) -> None:
        if isinstance(event, Break):
            self._end_item(out)
        elif isinstance(event, Signature):
            if self._open is not Thinking:
                self._begin_item(Thinking, out)
            self._end_item(out, event.signature)
        elif isinstance(event, Redacted):
            self._end_item(out)
            self._whole(output.redacted(self._new_id("rs_"), event.data), out)
        elif isinstance(event, Tool):
            self._end_item(out)
            self._call(event, out)
        elif isinstance(event, Start):
            self._counts.add(event.usage)
        elif isinstance(event, Usage):
            self._counts.add(event)
        elif isinstance(event, Finish):
            self._finish(event, out)
        elif isinstance(event, Fault):
            out.append(self.broken("overloaded_error", event.message, ""))

    def _begin_item(self, kind: type[Event], out: list[bytes]) -> None:
        self._end_item(out)
        self._open = kind
        name = "response.output_text.delta" if kind is Text else "response.reasoning_summary_text.delta"
        where = "content_index" if kind is Text else "summary_index"
        if kind is Text:
            self._item_id = self._new_id("msg_")
            self._added(output.message(self._item_id, None, "in_progress"), out)
            self._emit_part(out, "response.content_part.added", part=output.text_part(""))
        else:
            self._item_id = self._new_id("rs_")
            self._added(output.reasoning(self._item_id, ""), out)
        self._delta = f'event: {name}\ndata: {{"type":"{name}","sequence_number":'.encode()
        more = '"logprobs":[],' if kind is Text else ""
        self._head = (
            f',"item_id":"{self._item_id}","output_index":{len(self._output)},"{where}":0,{more}"delta":'
        ).encode()
        if kind is Thinking:
            self._emit_part(out, "response.reasoning_summary_part.added", part=output.summary_part(""))

    def _end_item(self, out: list[bytes], signature: str | None = None) -> None:
        if self._open is None:
            return
        text = "".join(self._said)
        self._counts.said += len(text)
        self._said.clear()
        if self._open is Text:
            self._emit_part(out, "response.output_text.done", text=text, logprobs=[])
            self._emit_part(out, "response.content_part.done", part=output.text_part(text))
            item = output.message(self._item_id, text)
        else:
            self._emit_part(out, "response.reasoning_summary_text.done", text=text)
            self._emit_part(out, "response.reasoning_summary_part.done", part=output.summary_part(text))
            item = output.reasoning(self._item_id, text, signature)
        self._open = None
        self._done(item, out)

    def _call(self, tool: Tool, out: list[bytes]) -> None:
        declared = self._asked.tools.get(tool.name) or Declared(tool.name)
        number = len(self._output)
        item = output.call(self._new_id("fc_"), f"call_{self._suffix}_{number}", declared, tool.input)
        field = "input" if declared.custom else "arguments"
        event = "response.custom_tool_call_input" if declared.custom else "response.function_call_arguments"
        self._counts.said += len(tool.input)
        self._added({**item, field: "", "status": "in_progress"}, out)
        place: Fields = {"item_id": item["id"], "output_index": number}
        self._emit(out, event + ".delta", **place, delta=item[field])
        named = {} if declared.custom else {"name": declared.name}
        self._emit(out, event + ".done", **place, **named, **{field: item[field]})
        self._done(item, out)

    def _finish(self, finish: Finish, out: list[bytes]) -> None:
        self._end_item(out)
        self._counts.add(finish.usage)
        reason = _INCOMPLETE.get(finish.reason)
        status = "incomplete" if reason else "completed"
        self._response = {
            **self._response,
            "status": status,
            "incomplete_details": {"reason": reason} if reason else None,
            "output": self._output,
            "usage": self._usage(),
        }
        self._emit(out, "response." + status, response=self._response)

    def _usage(self) -> Fields:
        total_in, total_out = self._counts.total()
        usage = self._counts.usage
        return {
            "input_tokens": total_in,
            "input_tokens_details": {
                "cached_tokens": usage.cache_read or 0,
                "cache_write_tokens": usage.cache_write or 0,
            },
            "output_tokens": total_out,
            "output_tokens_details": {"reasoning_tokens": usage.thinking or 0},
            "total_tokens": total_in + total_out,
        }

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}{self._suffix}_{len(self._output)}"

    def _whole(self, item: Fields, out: list[bytes]) -> None:
        self._added(item, out)
        self._done(item, out)

    def _added(self, item: Fields, out: list[bytes]) -> None:
        self._emit(out, "response.output_item.added", output_index=len(self._output), item=item)

    def _done(self, item: Fields, out: list[bytes]) -> None:
        self._emit(out, "response.output_item.done", output_index=len(self._output), item=item)
        self._output.append(item)

    def _emit_part(self, out: list[bytes], event: str, /, **fields: Any) -> None:
        """An event about the one part of the item that is open."""
        where = "content_index" if self._open is Text else "summary_index"
        place = {"item_id": self._item_id, "output_index": len(self._output), where: 0}
        self._emit(out, event, **place, **fields)

    def _emit(self, out: list[bytes], event: str, /, **fields: Any) -> None:
        out.append(_frame(event, self._number, **fields))
        self._number += 1


def _frame(event: str, number: int, /, **fields: Any) -> bytes:
    data = {"type": event, "sequence_number": number, **fields}
    return b"event: " + event.encode() + b"\ndata: " + json_of(data) + b"\n\n"


class Collector:
    """Events in, one response out: the one that the stream's last event carries."""

    def __init__(self, request: Request, *, message_id: str, input_estimate: int, created: int = 0) -> None:
        """`created`: seconds since the epoch."""
        self._writer = StreamWriter(
            request, message_id=message_id, input_estimate=input_estimate, created=created
        )

    def feed(self, events: list[Event]) -> None:
        self._writer.feed(events)

    def message(self) -> bytes:
        return json_of(self._writer.response())
