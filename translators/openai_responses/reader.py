"""The answer of a Responses upstream, stream or document, as canonical events.

Deltas are said as they come. What an upstream leaves out of its deltas is taken from the `done` event of the part, of
the item, or from the output of the last event, whichever comes first. A function call is told when its item is
done, so that calls and text keep their order. Items of tools that the upstream runs itself have no twin and are left
out; the text that comes of them is kept.
"""

from __future__ import annotations

from typing import Any

import msgspec

from translators.events import (
    Break,
    Event,
    Fault,
    Finish,
    Progress,
    Redacted,
    Signature,
    Start,
    StopReason,
    Text,
    Thinking,
    Tool,
    Usage,
)
from translators.framed import FramedReader
from translators.lenient_json import decode_leniently
from translators.openai_chat.faults import bare_error
from translators.openai_chat.tokens import usage_of
from translators.openai_chat.tools import declared_tools, renamed_tools
from translators.openai_responses.calls import Call, Calls
from translators.openai_responses.output import SAID, Kind, ending, error_in, pieces_of
from translators.openai_responses.pieces import Piece, part_of, piece_of
from translators.openai_responses.reasoning import sealed
from translators.request import Request
from translators.schemas import restored_arguments
from translators.text_tools import TextTools
from translators.thinking import ThinkingTags
from translators.tool_names import declared_name
from translators.wire import Target, WireRequest

_DELTAS: dict[str, Kind] = {f"{name}.delta": kind for name, kind in SAID.items()}
_ARGUMENTS = ("response.function_call_arguments", "response.custom_tool_call_input")
_ENDS = (
    "response.completed",
    "response.incomplete",
    "response.failed",
    "response.cancelled",
    "response.done",
)
_CALLS = ("function_call", "custom_tool_call")


Place = tuple[str, int | None, int | None]
"""Type of a delta event, output index and part."""

_NOWHERE: Place = ("", None, None)

_decode = msgspec.json.Decoder(Piece).decode


def reader(request: Request, target: Target, wire: WireRequest) -> ResponsesReader:
    """A reader for the answer to `wire`, which was written from `request` for `target`."""
    return ResponsesReader(request, target, wire)


class ResponsesReader(FramedReader):
    """See `translators.dialects.Reader`."""

    def __init__(self, request: Request, target: Target, wire: WireRequest) -> None:
        self._model = target.model
        self._names = wire.tool_names
        self._renamed = renamed_tools(request, target.profile)
        schemas = {name: tool["input_schema"] for name, tool in declared_tools(request).items()}
        super().__init__(
            TextTools(schemas, names=self._names, renamed=lambda: self._renamed)
            if schemas and target.profile.tools
            else None
        )
        self._declared = {str(tool.get("name")) for tool in request.tools} | set(self._names)
        self._begun = False
        self._place: Place = _NOWHERE
        """Where the deltas that are coming belong."""
        self._last: Kind | None = None
        """What is being said; None after whatever ends a block."""
        self._said: set[Place] = set()
        self._kinds: set[Kind] = set()
        """What deltas said, be it blanks."""
        self._spoken = False
        """Something has been passed on that a person can see."""
        self._reasoned = False
        """A reasoning item is done."""
        self._held: list[str] = []
        """Reasoning without text: nobody sees it, so it waits for something to go with."""
        self._usage = Usage()
        self._tags = ThinkingTags(calls=self._texts is not None)
        self._calls = Calls()
        self._told = False

    def _stopped_short(self, out: list[Event]) -> None:
        said = bool(self._kinds or self._calls.calls)
        self._fail(out, self._broken(begun=self._begun, said=said))

    def _events(self, events: list[tuple[str | None, bytes]], out: list[Event]) -> None:
        for event, payload in events:
            try:
                piece = _decode(payload)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                piece = None
            if piece is not None and piece.type in _DELTAS:
                self._bad = 0
                self._delta(piece, out)
            else:
                self._event(event, payload, out)
                if self._over:
                    return

    def _delta(self, piece: Piece, out: list[Event]) -> None:
        text = piece.delta
        if not text:
            return
        part = piece.content_index if piece.summary_index is None else piece.summary_index  # inlined: hot
        place = (piece.type, piece.output_index, part)
        if place != self._place:
            self._move(place, out)
        if self._last is Thinking:
            out.append(Thinking(text))
        elif self._tags.plain:
            out.append(Text(text))
        else:
            self._say(self._tags.feed(text), out)

    def _say(self, said: list[Text | Thinking], out: list[Event]) -> None:
        if said:
            self._spoken = True
            out += said

    def _move(self, place: Place, out: list[Event]) -> None:
        """Another part begins: what it says stands in a block of its own."""
        kind = _DELTAS[place[0]]
        self._content(out)
        if self._last is kind:
            out.append(Break())
        self._place, self._last = place, kind
        self._kinds.add(kind)
        self._said.add(place)
        self._spoken |= kind is Thinking

    def _content(self, out: list[Event]) -> None:
        """Content comes: what was held for it goes first."""
        self._say(self._tags.close(), out)
        if self._held:
            out += map(Redacted, self._held)
            self._held.clear()
            self._last = None

    def _event(self, event: str | None, payload: bytes, out: list[Event]) -> None:
        """Everything that is not a good delta."""
        value = decode_leniently(payload)
        if not isinstance(value, dict):
            self._no_object(event, payload, out)
            return
        self._bad = 0
        name = value.get("type") or event
        name = name if isinstance(name, str) else ""
        if (fault := error_in(event, value)) is not None:
            self._fail(out, fault)
            return
        self._begin(value, out)
        stem, _, phase = name.rpartition(".")
        if name == "response.output_item.added":
            self._added(value, out)
        elif name == "response.output_item.done" and isinstance(value.get("item"), dict):
            self._done(value["item"], value.get("output_index"), out)
        elif name in _ENDS:
            self._end(value.get("response"), name, out)
        elif stem in SAID and phase == "done":
            text = value.get("text") or value.get("refusal")
            if isinstance(text, str):
                self._repair(piece_of(f"{stem}.delta", value, text), out)
        elif stem in SAID and phase == "delta" and isinstance(value.get("delta"), str):
            self._delta(piece_of(name, value, value["delta"]), out)
        elif stem in _ARGUMENTS:
            self._arguments(phase, value, out)
        elif "_call." in name:
            out.append(Progress())

    def _no_object(self, event: str | None, payload: bytes, out: list[Event]) -> None:
        stripped = payload.strip()
        if stripped == b"[DONE]":
            self._conclude("end_turn", out)
        elif event == "error":
            self._fail(
                out, Fault("", stripped.decode("utf-8", "replace") or "the upstream reported an error")
            )
        elif stripped:
            self._not_json(out)

    def _begin(self, value: dict[str, Any], out: list[Event]) -> None:
        if not self._begun:
            self._begun = True
            response = value.get("response")
            usage = response.get("usage") if isinstance(response, dict) else None
            out.append(Start(usage_of(usage)))

    def _added(self, value: dict[str, Any], out: list[Event]) -> None:
        self._place = _NOWHERE
        item, index = value.get("item"), value.get("output_index")
        if isinstance(item, dict) and item.get("type") in _CALLS:
            self._calls.item(item, index if isinstance(index, int) else None)
            out.append(Progress())

    def _arguments(self, phase: str, value: dict[str, Any], out: list[Event]) -> None:
        out.append(Progress())
        call = self._calls.find(value.get("item_id"), value.get("output_index"))
        if call is None:
            return
        if phase == "delta":
            if isinstance(value.get("delta"), str):
                self._calls.more(call, value["delta"])
            return
        arguments = value.get("arguments", value.get("input"))
        if isinstance(arguments, str) and arguments.strip():
            call.pieces = [arguments]

    def _repair(self, piece: Piece, out: list[Event]) -> None:
        """Says a part of which no delta came. Without an index it counts as said once anything like it was."""
        name, index, part = piece.type, piece.output_index, part_of(piece)
        if index is None and _DELTAS[name] in self._kinds:
            return
        if self._said.isdisjoint(((name, index, part), (name, index, None), (name, None, part))):
            self._delta(piece, out)

    def _done(self, item: dict[str, Any], index: Any, out: list[Event]) -> None:
        """A finished item, from the stream or a document."""
        index = index if isinstance(index, int) else None
        kind = item.get("type")
        if kind in _CALLS:
            call = self._calls.item(item, index)
            if not call.told and item.get("status") != "incomplete":
                self._tell(call, out, repair=False)
        elif kind == "message":
            self._pieces(item, index, out)
        elif kind == "reasoning":
            self._reasoned = True
            if not any(_DELTAS[name] is Thinking and at == index for name, at, _ in self._said):
                self._pieces(item, index, out)
            self._encrypted(item.get("encrypted_content"), index, out)
        self._place = _NOWHERE

    def _pieces(self, item: dict[str, Any], index: int | None, out: list[Event]) -> None:
        for name, part, text in pieces_of(item):
            self._repair(Piece(f"{name}.delta", text, index, part), out)

    def _encrypted(self, content: Any, index: int | None, out: list[Event]) -> None:
        """The reasoning only the model can read: it signs the thinking of its item, if there was any."""
        if not isinstance(content, str) or not content:
            return
        signature = sealed(content, self._model)
        if self._last is Thinking and self._place[1] == index:
            out.append(Signature(signature))
            self._last = None
        else:
            self._held.append(signature)

    def _tell(self, call: Call, out: list[Event], *, repair: bool) -> bool:
        """Passes a call on, under the name the client knows; False if it is not whole."""
        arguments = call.arguments(repair=repair)
        if arguments is None or not call.name:
            return False
        call.told = True
        if call.custom and call.name not in self._declared:
            return True
        name = declared_name(call.name, self._declared)
        name = self._names.get(name, name)
        if name in self._renamed:
            arguments = restored_arguments(arguments)
        self._content(out)
        out.append(Tool(call.id, name, arguments))
        self._last, self._told = None, True
        return True

    def _document(self, out: list[Event]) -> None:
        value = decode_leniently(self._body.head)
        if isinstance(value, dict) and ("output" in value or value.get("object") == "response"):
            self._begin({"response": value}, out)
            self._end(value, "", out)
        elif value is None:
            self._fail(out, Fault("malformed", "the answer is not JSON"))
        else:
            self._fail(out, bare_error(value) or Fault("empty", "the upstream answered without output"))

    def _end(self, response: Any, event: str, out: list[Event]) -> None:
        """The last event, or the whole document: its output counts for what was not said before."""
        response = response if isinstance(response, dict) else {}
        reason = ending(response, event)
        self._usage = usage_of(response.get("usage")) or self._usage
        if isinstance(reason, Fault):
            self._fail(out, reason)
            return
        missing = {*_CALLS}
        if Text not in self._kinds:
            missing.add("message")
        if not self._kinds and not self._reasoned:
            missing.add("reasoning")
        output = response.get("output")
        for index, item in enumerate(output if isinstance(output, list) else ()):
            kind = item.get("type") if isinstance(item, dict) else None
            if isinstance(kind, str) and kind in missing:
                self._done(item, None if event and kind in _CALLS else index, out)
        self._conclude(reason, out)

    def _conclude(self, reason: StopReason, out: list[Event]) -> None:
        self._say(self._tags.close(), out)
        cut = reason != "end_turn"
        for call in self._calls.calls:
            if not call.told and not self._tell(call, out, repair=not cut) and not cut:
                self._fail(out, Fault("malformed", f"the arguments of the call to {call.name} are not JSON"))
                return
        if not (self._spoken or self._told or cut):
            self._fail(out, Fault("empty", "the upstream answered nothing"))
            return
        self._over = True
        out.append(Finish("tool_use" if self._told else reason, None, self._usage))
