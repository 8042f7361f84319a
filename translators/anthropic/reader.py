"""The answer of a Messages upstream, stream or document, as canonical events.

Text and thinking are said as they come, whatever block they claim to be in. Tool calls and blocks without a twin are
held until their block ends and their input is whole. An answer is over with message_stop, with `[DONE]`, or with a
stop_reason at the end of the body; a body that ends otherwise after content was cut.
"""

from __future__ import annotations

from typing import Any

from translators.anthropic.ending import ending, with_tools
from translators.anthropic.pieces import Delta, Piece, decode_piece, raw_delta
from translators.anthropic.saying import Held
from translators.anthropic.signatures import sealed
from translators.anthropic.tokens import merged, usage_of
from translators.events import (
    Break,
    Citation,
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
from translators.lenient_json import decode_leniently
from translators.openai_chat.faults import bare_error, fault_of
from translators.openai_chat.tools import declared_tools
from translators.request import Request
from translators.sse import Allowance
from translators.text_tools import TextTools
from translators.thinking import ThinkingTags
from translators.tool_names import declared_name
from translators.wire import Target, WireRequest

_NEW = object()
"""The index of a block that has begun and of which nothing was said yet."""


def reader(request: Request, target: Target, wire: WireRequest) -> MessagesReader:
    """A reader for the answer to `wire`, which was written from `request` for `target`."""
    return MessagesReader(request, target)


class MessagesReader(FramedReader):
    """See `translators.dialects.Reader`."""

    def __init__(self, request: Request, target: Target) -> None:
        self._declared = {str(tool.get("name")) for tool in request.tools}
        self._model = target.model
        self._first_party = target.profile.first_party
        self._held_size = Allowance("the blocks that are held until they are whole")
        self._heard = False
        """Some event was JSON, if only a ping."""
        self._begun = False
        self._content = False
        self._kind = ""
        """What is being said: text, thinking, or nothing that another block could be taken for."""
        self._index: Any = _NEW
        self._signature = ""
        self._plain = self._first_party
        """Text is text: no thinking is looked for in it."""
        schemas = {name: tool["input_schema"] for name, tool in declared_tools(request).items()}
        super().__init__(TextTools(schemas) if schemas and not self._first_party else None)
        self._tags = self._new_tags()
        self._held: list[Held] = []
        self._open: dict[Any, Held] = {}
        self._tools = False
        self._reason: str | None = None
        self._matched: str | None = None
        self._details: dict[str, Any] | None = None
        self._usage: Usage | None = None

    def _stopped_short(self, out: list[Event]) -> None:
        self._conclude(out, complete=False)

    def _events(self, events: list[tuple[str | None, bytes]], out: list[Event]) -> None:
        for name, payload in events:
            piece = decode_piece(payload)
            if piece is not None and piece.type == "content_block_delta" and piece.delta is not None:
                self._bad = 0
                self._delta(piece, piece.delta, payload, out)
            else:
                self._event(name, piece, payload, out)
                if self._over:
                    return

    def _delta(self, piece: Piece, delta: Delta, payload: bytes, out: list[Event]) -> None:
        kind = delta.type
        if kind == "text_delta":
            self._text(delta.text, piece.index, out)
        elif kind == "thinking_delta":
            self._thinking(delta.thinking, piece.index, out)
        elif kind == "signature_delta":
            if isinstance(delta.signature, str):
                self._held_size.take(len(delta.signature))
                self._signature += delta.signature
        elif kind == "input_json_delta":
            held = self._holder(piece.index)
            if held is not None:
                self._held_size.take(len(delta.partial_json) if isinstance(delta.partial_json, str) else 0)
                held.add(delta.partial_json)
            out.append(Progress())
        elif kind == "citations_delta":
            self._citations([delta.citation], piece.index, out)
        elif (held := self._open.get(piece.index)) is not None:
            self._held_size.take(len(payload))
            held.grow(raw_delta(payload))
            out.append(Progress())

    def _event(self, name: str | None, piece: Piece | None, payload: bytes, out: list[Event]) -> None:
        """Every event but a usual delta."""
        if piece is None:
            self._no_object(name, payload, out)
            return
        self._bad = 0
        self._heard = True
        kind = piece.type if isinstance(piece.type, str) else name
        if kind == "message_start":
            self._begin(out, piece.message)
        elif kind == "content_block_start":
            self._start(piece.index, piece.content_block, out)
        elif kind == "content_block_delta" and piece.delta is not None:
            self._delta(piece, piece.delta, payload, out)
        elif kind == "content_block_stop":
            self._stop(piece.index, out)
        elif kind == "message_delta":
            self._end(piece)
        elif kind == "message_stop":
            self._count(piece.usage)
            self._conclude(out, complete=True)
        elif kind == "error" or name == "error" or (piece.type is None and piece.error):
            self._error(fault_of(decode_leniently(payload)), out)

    def _no_object(self, name: str | None, payload: bytes, out: list[Event]) -> None:
        stripped = payload.strip()
        if stripped == b"[DONE]":
            self._conclude(out, complete=True)
        elif name == "error":
            self._error(fault_of(stripped.decode("utf-8", "replace")), out)
        elif stripped and name != "ping":
            self._not_json(out)

    def _begin(self, out: list[Event], message: Any = None) -> None:
        """The answer has begun. What a message_start says of the output is no total, but a placeholder."""
        if isinstance(message, dict):
            self._count(message.get("usage"))
            if self._usage is not None:
                self._usage.output = None
        if not self._begun:
            self._begun = True
            out.append(Start(self._usage))

    def _start(self, index: Any, block: Any, out: list[Event]) -> None:
        """A block begins, perhaps with content; one before it that never ended is over if it is whole."""
        self._begin(out)
        self._settle(out)
        for held in self._held:
            if not held.told and held.certain:
                self._tell(held, out)
        self._index = _NEW
        if not isinstance(block, dict):
            return
        kind = block.get("type")
        if kind == "text":
            self._text(block.get("text"), index, out)
            self._citations(block.get("citations"), index, out)
        elif kind == "thinking":
            self._thinking(block.get("thinking"), index, out)
            signature = block.get("signature")
            self._signature = signature if isinstance(signature, str) else ""
        elif kind == "redacted_thinking":
            self._redacted(block.get("data"), out)
        elif isinstance(kind, str):
            self._held_size.begin()
            held = self._open[index] = Held(block)
            self._held.append(held)
            out.append(Progress())

    def _stop(self, index: Any, out: list[Event]) -> None:
        held = self._open.pop(index, None)
        if held is not None:
            self._tell(held, out)
        elif index == self._index or self._signature:
            self._settle(out)
            self._index = _NEW

    def _text(self, text: Any, index: Any, out: list[Event]) -> None:
        if type(text) is not str or not text:
            return
        if index != self._index or self._kind != "text":
            self._turn_to("text", index, out)
        if self._plain:
            out.append(Text(text))
            return
        said = self._tags.feed(text)
        self._content = self._content or bool(said)
        self._plain = self._tags.plain
        out += said

    def _thinking(self, text: Any, index: Any, out: list[Event]) -> None:
        if type(text) is str and text:
            if index != self._index or self._kind != "thinking":
                self._turn_to("thinking", index, out)
            self._content = True
            out.append(Thinking(text))

    def _citations(self, citations: Any, index: Any, out: list[Event]) -> None:
        for citation in citations if isinstance(citations, list) else ():
            if isinstance(citation, dict):
                if index != self._index or self._kind != "text":
                    self._turn_to("text", index, out)
                out += self._tags.close()
                out.append(Citation(citation))

    def _redacted(self, data: Any, out: list[Event]) -> None:
        if isinstance(data, str) and data:
            self._kind = ""
            self._content = True
            out.append(Redacted(data if self._first_party else sealed(data, self._model)))

    def _turn_to(self, kind: str, index: Any, out: list[Event]) -> None:
        """Something else is said than before."""
        self._begin(out)
        self._settle(out)
        if kind == self._kind:
            out.append(Break())
        self._kind, self._index = kind, index
        self._content = self._content or (kind == "text" and self._plain)

    def _new_tags(self) -> ThinkingTags:
        return ThinkingTags(calls=self._texts is not None)

    def _settle(self, out: list[Event]) -> None:
        """What was being said is over: text held back, or the signature."""
        if self._kind == "text" and not self._plain:
            said = self._tags.close()
            self._content = self._plain = self._content or bool(said)
            self._tags = self._new_tags()
            out += said
        if self._signature:
            signature, self._signature = self._signature, ""
            self._kind, self._content = "", True
            out.append(Signature(signature if self._first_party else sealed(signature, self._model)))

    def _holder(self, index: Any) -> Held | None:
        """The block that a piece of input belongs to; one with a strange index belongs to the last."""
        held = self._open.get(index)
        if held is None and self._held and not self._held[-1].told:
            return self._held[-1]
        return held

    def _tell(self, held: Held, out: list[Event], *, mend: bool = False) -> bool:
        """Passes on a held block if it is whole."""
        if held.told:
            return True
        event = held.event(mend=mend)
        if event is None:
            return False
        if isinstance(event, Tool):
            self._tools = True
            event.name = declared_name(event.name, self._declared)
        self._settle(out)
        held.told = self._content = True
        self._kind = ""
        out.append(event)
        return True

    def _end(self, piece: Piece) -> None:
        self._count(piece.usage)
        delta = piece.delta
        if delta is not None and isinstance(delta.stop_reason, str):
            self._ended(delta.stop_reason, delta.stop_sequence, delta.stop_details)

    def _ended(self, reason: str, matched: Any, details: Any) -> None:
        self._reason = reason
        self._matched = matched if isinstance(matched, str) and matched else None
        self._details = details if isinstance(details, dict) else None

    def _count(self, usage: Any) -> None:
        counted = usage_of(usage)
        if counted is not None:
            self._usage = merged(self._usage, counted)

    def _document(self, out: list[Event]) -> None:
        value = decode_leniently(self._body.head)
        content = value.get("content") if isinstance(value, dict) else None
        if value is None:
            self._fail(out, Fault("malformed", "the answer is not JSON"))
        elif isinstance(value, dict) and not value.get("error") and isinstance(content, list | str):
            self._message(value, content, out)
        else:
            self._fail(out, bare_error(value) or Fault("empty", "the upstream answered without content"))

    def _message(self, message: dict[str, Any], content: list[Any] | str, out: list[Event]) -> None:
        self._count(message.get("usage"))
        self._begin(out)
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for index, block in enumerate(blocks):
            self._start(index, block, out)
            self._stop(index, out)
        reason = message.get("stop_reason")
        if isinstance(reason, str):
            self._ended(reason, message.get("stop_sequence"), message.get("stop_details"))
        self._conclude(out, complete=True)

    def _error(self, fault: Fault, out: list[Event]) -> None:
        """An error after the end of the answer changes nothing."""
        if self._reason and self._content:
            self._conclude(out, complete=True)
        else:
            self._fail(out, fault)

    def _conclude(self, out: list[Event], *, complete: bool) -> None:
        self._settle(out)
        if not (complete or self._reason):
            self._fail(out, self._broken(begun=self._heard, said=self._content or bool(self._held)))
            return
        reason, cut = ending(self._reason)
        for held in self._held:
            if not self._tell(held, out, mend=not cut) and not cut:
                self._fail(out, Fault("malformed", held.fault))
                return
        reason = with_tools(reason) if self._tools else reason
        if not self._content and reason == "end_turn":
            self._fail(out, Fault("empty", "the upstream answered nothing"))
            return
        matched = self._matched if reason == "stop_sequence" else None
        self._over = True
        out.append(Finish(reason, matched, self._usage or Usage(), self._details))
