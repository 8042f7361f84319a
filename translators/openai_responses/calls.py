"""Function calls of a Responses answer, put together from events.

By the book every event of a call has the item's id and its `output_index`. Some upstreams leave the index out and give
the deltas an id of their own (llama.cpp), some change the id with every event (GitHub Copilot), some send no event
but the last. So a call is found by item id, then by index, then by the end of its id, and at last by being the
latest.
"""

from __future__ import annotations

from typing import Any

import msgspec

from translators.openai_chat.calls import is_object, own_arguments
from translators.sse import Allowance
from translators.toolcalls import complete_arguments

_encode = msgspec.json.encode


class Call:
    """A call being said. `told`: it has been passed on, or is not to be."""

    __slots__ = ("custom", "id", "index", "item_id", "name", "pieces", "told")

    def __init__(self, item: dict[str, Any], index: Any) -> None:
        self.index = index
        self.item_id = item.get("id")
        self.id = _text(item.get("call_id")) or _text(item.get("id"))
        self.name = _text(item.get("name"))
        self.custom = item.get("type") == "custom_tool_call"
        self.pieces: list[str] = []
        self.told = False

    @property
    def text(self) -> str:
        """The arguments so far."""
        return "".join(self.pieces)

    def arguments(self, *, repair: bool) -> str | None:
        """The text of one JSON object; None if the arguments are none. A custom tool's text is wrapped."""
        text = self.text
        if self.custom and not is_object(text):
            return _encode({"input": text}).decode()
        arguments = own_arguments(text)
        return complete_arguments(text) if arguments is None and repair else arguments


class Calls:
    """All calls of one answer, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._held = Allowance("the arguments of the calls")

    def more(self, call: Call, text: str) -> None:
        """Arguments go on. Raises `sse.TooLarge`."""
        self._held.take(len(text))
        call.pieces.append(text)

    def item(self, item: dict[str, Any], index: Any) -> Call:
        """The call of an item that is added or done, with what the item says of it. Raises `sse.TooLarge`."""
        call = self._namesake(item, index)
        if call is None:
            self._held.begin()
            call = Call(item, index)
            self.calls.append(call)
        call.name = _text(item.get("name")) or call.name
        arguments = item.get("input") if call.custom else item.get("arguments")
        if isinstance(arguments, dict | list):
            arguments = _encode(arguments).decode()
        if isinstance(arguments, str) and arguments.strip():
            call.pieces = [arguments]
        return call

    def find(self, item_id: Any, index: Any) -> Call | None:
        """The call that an event about arguments belongs to."""
        waiting = [call for call in self.calls if not call.told]
        for call in reversed(waiting):
            if item_id is not None and call.item_id == item_id:
                return call
        for call in reversed(waiting):
            if index is not None and call.index == index:
                return call
        for call in reversed(waiting):
            if isinstance(item_id, str) and call.id and _stem(call.id) == _stem(item_id):
                return call
        return waiting[-1] if waiting else None

    def _namesake(self, item: dict[str, Any], index: Any) -> Call | None:
        """The call that `item` is about: ids may be said twice in one answer, but not at one index."""
        call_id, item_id, name = _text(item.get("call_id")), item.get("id"), _text(item.get("name"))
        near = [
            call
            for call in self.calls
            if (index is None or call.index in (None, index)) and name in ("", call.name or name)
        ]
        for call in reversed(near):
            if call.id == call_id if call_id else call.item_id == item_id:
                return call
        for call in reversed(near):
            if call_id and not call.told and _stem(call.id) == _stem(call_id):
                call.id = call_id
                return call
        return None


def _stem(name: str) -> str:
    """An id without its prefix: `call_abc` and `fc_abc` are one call's."""
    return name.split("_", 1)[-1]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
