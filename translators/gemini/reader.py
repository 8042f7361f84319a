"""The answer of a Gemini upstream as canonical events: a stream, one document, or an array of chunks.

Every chunk is a whole response with the parts that are new. The answer is over when the body is, for older models
say a finishReason in every chunk; a stream that ends without one was cut.
"""

from __future__ import annotations

from typing import Any

import msgspec

from translators.events import (
    Event,
    Fault,
    Finish,
    Progress,
    Redacted,
    Signature,
    Start,
    Text,
    Thinking,
    Tool,
    Usage,
)
from translators.framed import FramedReader
from translators.gemini.calls import Call, arguments_of, goes_on, text_in
from translators.gemini.faults import error_in
from translators.gemini.hosted import Hosted
from translators.gemini.reasons import BROKEN, REFUSALS, refusal_details
from translators.gemini.signatures import sealed
from translators.gemini.tokens import usage_of
from translators.lenient_json import decode_leniently
from translators.request import Request
from translators.tool_names import declared_name
from translators.wire import Target, WireRequest

_decode = msgspec.json.Decoder().decode


def reader(request: Request, target: Target, wire: WireRequest) -> GeminiReader:
    """A reader for the answer to `wire`, which was written from `request` for `target`."""
    return GeminiReader(request, target, wire)


class GeminiReader(FramedReader):
    """See `translators.dialects.Reader`."""

    def __init__(self, request: Request, target: Target, wire: WireRequest) -> None:
        super().__init__(None)
        self._model = target.model
        self._names = wire.tool_names
        self._declared = {str(tool.get("name")) for tool in request.tools} | set(self._names)
        self._begun = False
        self._said: type[Event] | None = None
        """The kind of content said last."""
        self._tools = False
        self._told: set[tuple[str, str, str | None]] = set()
        """Calls with an id: some upstreams repeat them, some give every call the same id."""
        self._call: Call | None = None
        """The call that goes on in the next part."""
        self._hosted = Hosted("")
        self._reason = ""
        self._explanation: Any = None
        self._counts: dict[str, Any] = {}

    def _stopped_short(self, out: list[Event]) -> None:
        self._conclude(out, complete=False)

    def _events(self, events: list[tuple[str | None, bytes]], out: list[Event]) -> None:
        for event, payload in events:
            if self._over:
                return
            value = _decoded(payload)
            if isinstance(value, dict):
                self._bad = 0
                self._chunk(value, out)
            elif payload.strip() == b"[DONE]":
                self._conclude(out, complete=True)
            elif isinstance(value, list):
                self._chunks(value, out)
            elif event == "error":
                self._error(Fault("", payload.decode("utf-8", "replace")), out)
            elif payload.strip() and event != "ping":
                self._not_json(out)

    def _document(self, out: list[Event]) -> None:
        value = _decoded(self._body.head)
        if value is None:
            self._fail(out, Fault("malformed", "the answer is not JSON"))
            return
        self._chunks(value if isinstance(value, list) else [value], out)
        if not self._over:
            self._conclude(out, complete=True)

    def _chunks(self, values: list[Any], out: list[Event]) -> None:
        for value in values:
            if isinstance(value, dict) and not self._over:
                self._chunk(value, out)

    def _chunk(self, chunk: dict[str, Any], out: list[Event]) -> None:
        if (fault := error_in(chunk)) is not None:
            self._error(fault, out)
            return
        counts = chunk.get("usageMetadata")
        if isinstance(counts, dict):
            self._counts = counts if "promptTokenCount" in counts else {**self._counts, **counts}
        if not self._begun:
            self._begun = True
            self._hosted = Hosted(f"{self._model}#{chunk.get('responseId')}")
            out.append(Start(usage_of(self._counts)))
        feedback = chunk.get("promptFeedback")
        if isinstance(feedback, dict) and text_in(feedback, "blockReason"):
            self._refused(feedback, out)
            return
        candidates = chunk.get("candidates")
        for candidate in candidates if isinstance(candidates, list) else ():
            if isinstance(candidate, dict) and not candidate.get("index") and not self._over:
                self._candidate(candidate, out)

    def _refused(self, feedback: dict[str, Any], out: list[Event]) -> None:
        """The prompt was not let through to the model."""
        reason = text_in(feedback, "blockReason")
        details = refusal_details(reason, feedback.get("blockReasonMessage"))
        self._over = True
        out.append(Finish("refusal", None, usage_of(self._counts) or Usage(), details))

    def _candidate(self, candidate: dict[str, Any], out: list[Event]) -> None:
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict) and not self._over:
                self._part(part, out)
        if reason := text_in(candidate, "finishReason"):
            self._reason = reason.upper()
            self._explanation = candidate.get("finishMessage")

    def _part(self, part: dict[str, Any], out: list[Event]) -> None:
        signature = text_in(part, "thoughtSignature")
        call = part.get("functionCall")
        if isinstance(call, dict):
            self._function(call, signature, out)
            return
        text = part.get("text")
        if isinstance(text, str) and text and part.get("thought") is True:
            self._say(Thinking(text), out)
        if signature and self._said is Thinking:
            self._say(Signature(sealed(signature, self._model)), out)
        if isinstance(text, str) and text and part.get("thought") is not True:
            self._say(Text(text), out)
        elif not isinstance(text, str) and (block := self._hosted.read(part)) is not None:
            self._say(block, out)

    def _say(self, event: Event, out: list[Event]) -> None:
        self._said = type(event)
        out.append(event)

    def _function(self, call: dict[str, Any], signature: str, out: list[Event]) -> None:
        if self._call is not None and not text_in(call, "name"):
            self._call.add(call)
            out.append(Progress())
        else:
            self._end_call(out)
            if self._over:
                return
            if not goes_on(call):
                self._tool(text_in(call, "id"), text_in(call, "name"), arguments_of(call), signature, out)
                return
            self._call = Call(call, signature)
            self._call.add(call)
            out.append(Progress())
        if call.get("willContinue") is not True and not call.get("partialArgs"):
            self._end_call(out)

    def _end_call(self, out: list[Event]) -> None:
        call, self._call = self._call, None
        if call is not None:
            arguments = None if call.broken else msgspec.json.encode(call.arguments).decode()
            self._tool(call.id, call.name, arguments, call.signature or "", out)

    def _tool(self, tool_id: str, name: str, arguments: str | None, signature: str, out: list[Event]) -> None:
        if tool_id and (tool_id, name, arguments) in self._told:
            return
        if arguments is None or not name:
            self._fail(
                out, Fault("malformed", f"the call to {name or 'nothing'} has no object as its arguments")
            )
            return
        self._told.add((tool_id, name, arguments))
        if signature:
            kept = sealed(signature, self._model)
            out.append(Signature(kept) if self._said is Thinking else Redacted(kept))
        name = declared_name(name, self._declared)
        self._tools = True
        self._say(Tool(tool_id, self._names.get(name, name), arguments), out)

    def _error(self, fault: Fault, out: list[Event]) -> None:
        """An error after the end of the answer changes nothing."""
        if self._reason and self._said is not None:
            self._conclude(out, complete=True)
        else:
            self._fail(out, fault)

    def _conclude(self, out: list[Event], *, complete: bool) -> None:
        if not (complete or self._reason):
            said = self._said is not None or self._call is not None
            self._fail(out, self._broken(begun=self._begun, said=said))
            return
        if self._call is not None and self._reason != "MAX_TOKENS":
            self._end_call(out)
            if self._over:
                return
        self._over = True
        out.append(self._end())

    def _end(self) -> Finish | Fault:
        """What the answer as a whole came to."""
        usage = usage_of(self._counts) or Usage()
        explanation = self._explanation if isinstance(self._explanation, str) else ""
        if self._reason in BROKEN:
            said = explanation or f"the model's call could not be read ({self._reason})"
            return Fault("malformed", said, type=self._reason)
        if self._tools:
            return Finish("tool_use", None, usage)
        if self._reason in REFUSALS:
            return Finish("refusal", None, usage, refusal_details(self._reason, explanation))
        if self._reason == "MAX_TOKENS":
            return Finish("max_tokens", None, usage)
        if self._said is None:
            reason = "" if self._reason in ("", "STOP") else f" ({self._reason})"
            return Fault("empty", f"the upstream answered nothing{reason}")
        return Finish("end_turn", None, usage)


def _decoded(data: bytes) -> Any:
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decode_leniently(data)
