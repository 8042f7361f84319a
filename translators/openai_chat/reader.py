"""The answer of a Chat Completions upstream, stream or document, as canonical events.

An answer is over with `[DONE]`, with a finish_reason at the end of the body, or with the totals that come
after the last choice; a body that ends otherwise after content was cut. Tool calls are told when they are
whole: at the end, or before text or thinking that follows them, so that all keep their order.
"""

from __future__ import annotations

from typing import Any

from translators.events import (
    Event,
    Fault,
    Finish,
    Progress,
    Redacted,
    Start,
    StopReason,
    Text,
    Thinking,
    Tool,
    Usage,
)
from translators.framed import FramedReader
from translators.lenient_json import decode_leniently
from translators.openai_chat.calls import Call, Calls, own_arguments
from translators.openai_chat.carried import Details
from translators.openai_chat.chunks import Choice, Chunk, Delta, decode_chunk
from translators.openai_chat.faults import bare_error, broken_off, fault_of
from translators.openai_chat.parts import reasoning_in, spoken, thought_before
from translators.openai_chat.tokens import usage_of
from translators.openai_chat.tools import declared_tools, renamed_tools
from translators.request import Request
from translators.schemas import restored_arguments
from translators.text_tools import TextTools
from translators.thinking import ThinkingTags
from translators.tool_names import declared_name
from translators.toolcalls import complete_arguments
from translators.wire import Target, WireRequest

_REASONS: dict[str, StopReason] = {
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "model_length": "max_tokens",
    "content_filter": "refusal",
    "refusal": "refusal",
    "safety": "refusal",
    "recitation": "refusal",
    "sensitive": "refusal",
    "stop_sequence": "stop_sequence",
    "model_context_window_exceeded": "model_context_window_exceeded",
}
"""Every other finish_reason is the end of a turn, or of one with tool calls."""


def reader(request: Request, target: Target, wire: WireRequest) -> ChatReader:
    """A reader for the answer to `wire`, which was written from `request` for `target`."""
    return ChatReader(request, target, wire)


class ChatReader(FramedReader):
    """See `translators.dialects.Reader`."""

    def __init__(self, request: Request, target: Target, wire: WireRequest) -> None:
        self._request = request
        self._target = target
        self._names = wire.tool_names
        self._stops = request.body.get("stop_sequences") or ()
        self._begun = False
        self._content = False
        self._reason: str | None = None
        self._matched: str | None = None
        self._usage: Usage | None = None
        self._totals = False
        """Usage came in a chunk of its own after content: nothing else will."""
        schemas = {name: tool["input_schema"] for name, tool in declared_tools(request).items()}
        super().__init__(
            TextTools(schemas, names=self._names, renamed=lambda: renamed_tools(request, target.profile))
            if schemas and target.profile.tools
            else None
        )
        self._tags = ThinkingTags(calls=self._texts is not None)
        self._declared = {str(tool.get("name")) for tool in request.tools} | set(self._names)
        self._calls = Calls(self._declared)
        self._told = 0
        """So many of them have been passed on."""
        self._made: list[Call] = []
        """Those that became tool calls."""
        self._details = Details()
        self._waiting = False
        """Some may have to be, before what comes next."""

    def _stopped_short(self, out: list[Event]) -> None:
        self._conclude(out, complete=False)

    def _events(self, events: list[tuple[str | None, bytes]], out: list[Event]) -> None:
        for event, payload in events:
            self._event(event, payload, out)
            if self._over:
                return

    def _document(self, out: list[Event]) -> None:
        chunk = decode_chunk(self._body.head)
        if chunk is None or not chunk.choices:
            value = decode_leniently(self._body.head)
            broken = value is None and chunk is None
            fault = bare_error(value) or (Fault("malformed", "the answer is not JSON") if broken else None)
            self._fail(out, fault or Fault("empty", "the upstream answered without a choice"))
            return
        self._chunk(chunk, out)
        if not self._over:
            self._conclude(out, complete=True)

    def _event(self, event: str | None, payload: bytes, out: list[Event]) -> None:
        chunk = decode_chunk(payload)
        if chunk is not None and chunk.choices and event != "error":
            self._bad = 0
            self._chunk(chunk, out)
            return
        stripped = payload.strip()
        if stripped == b"[DONE]":
            self._conclude(out, complete=True)
        elif stripped and event != "ping":
            self._without_choices(event, payload, chunk, out)

    def _without_choices(
        self, event: str | None, payload: bytes, chunk: Chunk | None, out: list[Event]
    ) -> None:
        """Totals, errors, and what is neither."""
        value = decode_leniently(payload)
        fault = fault_of(value if value is not None else payload.decode("utf-8", "replace"))
        if event != "error":
            fault = bare_error(value)
        if fault is not None:
            self._error(fault, out)
        elif chunk is None:
            self._not_json(out)
        else:
            self._bad = 0
            self._begin(chunk, out)
            if self._count(chunk.usage or _groq_usage(chunk)) and (self._content or self._calls):
                self._totals = True

    def _begin(self, chunk: Chunk, out: list[Event]) -> None:
        if not self._begun:
            self._begun = True
            out.append(Start(usage_of(chunk.usage)))

    def _chunk(self, chunk: Chunk, out: list[Event]) -> None:
        if not self._begun:
            self._begin(chunk, out)
        if chunk.error:
            self._error(fault_of(chunk.error), out)
            return
        for choice in chunk.choices or ():
            if not choice.index:
                self._choice(choice, out)
                if self._over:
                    return
        if chunk.usage is not None or chunk.x_groq is not None:
            self._count(chunk.usage or _groq_usage(chunk))

    def _choice(self, choice: Choice, out: list[Event]) -> None:
        delta = choice.delta
        if delta is None:
            delta = choice.message
        if delta is not None:
            self._delta(delta, out, whole=self._body.kind == "document")
        if choice.error:
            self._error(fault_of(choice.error), out)
        elif choice.finish_reason and isinstance(choice.finish_reason, str):
            self._finished(choice, out)
        if choice.usage is not None:
            self._count(choice.usage)

    def _finished(self, choice: Choice, out: list[Event]) -> None:
        self._reason = choice.finish_reason.lower()
        if choice.stop_reason in self._stops and isinstance(choice.stop_reason, str):
            self._matched = choice.stop_reason
        if (fault := broken_off(self._reason)) is not None:
            self._reason = None
            self._error(fault, out)

    def _delta(self, delta: Delta, out: list[Event], *, whole: bool) -> None:
        if delta.reasoning_details:
            self._details.add(delta.reasoning_details)
        thought = delta.reasoning_content or delta.reasoning or delta.reasoning_details
        if thought and (thought := reasoning_in(delta)):
            if self._waiting:
                self._tell(thought, out)
            self._content = True
            out.append(Thinking(thought))
        content = delta.content
        if content:
            if self._waiting:
                self._tell(content, out)
            if type(content) is not str:
                self._say(spoken(content), out)
            elif whole and (parts := thought_before(content)):
                self._say(parts, out)
            elif self._tags.plain:
                out.append(Text(content))
            elif said := self._tags.feed(content):
                self._content = True
                out += said
        if delta.refusal and isinstance(delta.refusal, str):
            self._say([Text(delta.refusal)], out)
        if delta.tool_calls or delta.function_call:
            self._call(delta, out, whole=whole)

    def _say(self, said: list[Text | Thinking], out: list[Event]) -> None:
        """Content that needs no search for tags, after any that was held for it."""
        if said:
            self._content = True
            out += self._tags.close()
            out += said

    def _call(self, delta: Delta, out: list[Event], *, whole: bool) -> None:
        for call in delta.tool_calls if isinstance(delta.tool_calls, list) else ():
            self._calls.add(call, whole=whole)
        if isinstance(delta.function_call, dict):
            self._calls.add({"index": -1, "function": delta.function_call})
        self._waiting = not whole
        out.append(Progress())

    def _tell(self, said: Any, out: list[Event]) -> None:
        """Passes on the calls that are whole, as something else follows them; blanks are nothing that does."""
        if isinstance(said, str) and not said.strip():
            return
        self._waiting = False
        for call in self._calls.calls[self._told :]:
            tool = self._tool(call, cut=False) if call.whole else None
            if tool is None:
                return
            self._say(self._tags.close(), out)
            out.append(tool)
            self._made.append(call)
            self._told += 1

    def _count(self, usage: Any) -> bool:
        counted = usage_of(usage)
        if counted is not None:
            self._usage = counted
        return counted is not None

    def _error(self, fault: Fault, out: list[Event]) -> None:
        """An error after the end of the answer changes nothing."""
        if self._reason and (self._content or self._calls):
            self._conclude(out, complete=True)
        else:
            self._fail(out, fault)

    def _conclude(self, out: list[Event], *, complete: bool) -> None:
        self._say(self._tags.close(), out)
        if not (complete or self._reason or self._totals):
            self._fail(out, self._broken(begun=self._begun, said=self._content or bool(self._calls)))
            return
        reason = _REASONS.get(self._reason or "", "end_turn")
        tools: list[Tool] = []
        cut = reason not in ("end_turn", "stop_sequence")
        lost = False
        for call in self._calls.calls[self._told :]:
            tool = self._tool(call, cut=cut)
            if tool is not None:
                tools.append(tool)
                self._made.append(call)
            elif cut:
                lost = True
            elif call.name or call.arguments:
                self._fail(out, Fault("malformed", f"the arguments of the call to {call.name} are not JSON"))
                return
        told = bool(tools or self._told)
        if not self._content and not told and not cut:
            self._fail(out, Fault("empty", "the upstream answered nothing"))
            return
        self._over = True
        if (kept := self._details.sealed(self._made, self._target.model)) is not None:
            out.append(Redacted(kept))
        out += tools
        out.append(self._finish("tool_use" if told and not lost else reason))

    def _finish(self, reason: StopReason) -> Finish:
        if reason in ("end_turn", "stop_sequence"):
            reason = "stop_sequence" if self._matched else "end_turn"
        matched = self._matched if reason == "stop_sequence" else None
        return Finish(reason, matched, self._usage or Usage())

    def _tool(self, call: Call, *, cut: bool) -> Tool | None:
        """A whole call under the name the client knows. `cut`: the answer was, so nothing is repaired."""
        if cut and call is self._calls.calls[-1] and not call.text.strip():
            return None
        arguments = own_arguments(call.text)
        if arguments is None and not cut:
            arguments = complete_arguments(call.text)
        if arguments is None or not call.name:
            return None
        name = declared_name(call.name, self._declared)
        name = self._names.get(name, name)
        if name in renamed_tools(self._request, self._target.profile):
            arguments = restored_arguments(arguments)
        return Tool(call.id, name, arguments)


def _groq_usage(chunk: Chunk) -> Any:
    return chunk.x_groq.get("usage") if isinstance(chunk.x_groq, dict) else None
