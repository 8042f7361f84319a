"""Tool calls, put together from pieces.

By the book a call's first delta has index, id and name, the others index and a fragment of the arguments.
Upstreams leave out the index, say 0 for every call, send the id late, empty or anew each time, split or
repeat the name, send the arguments whole, as an object, or `{}` first. The rules below decide which call a
delta belongs to; every one of them has a fixture under fixtures/openai_chat.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from translators.sse import Allowance

_encode = msgspec.json.encode


class Call:
    """A call being said."""

    __slots__ = ("again", "arguments", "extra", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
        self.extra: dict[str, Any] | None = None
        """`extra_content`: what the model wants back with the call."""
        self.again = False
        """Its name was said once more after its arguments: more may be said of it, or of another of that name."""

    @property
    def text(self) -> str:
        """The arguments so far."""
        if len(self.arguments) > 1:
            self.arguments = ["".join(self.arguments)]
        return self.arguments[0] if self.arguments else ""

    @property
    def whole(self) -> bool:
        """The arguments so far are a whole object."""
        return is_object(self.text)


class Calls:
    """All calls of one answer, in order. `declared`: known names, to tell a split name from a new one."""

    def __init__(self, declared: AbstractSet[str]) -> None:
        self.calls: list[Call] = []
        self._declared = declared
        self._by_index: dict[int, Call] = {}
        self._held = Allowance("the arguments of the calls")

    def __bool__(self) -> bool:
        return bool(self.calls)

    def add(self, delta: Any, *, whole: bool = False) -> None:
        """One element of `tool_calls`. `whole`: from a message, where every element is a call of its own.

        Raises `sse.TooLarge`.
        """
        if not isinstance(delta, dict):
            return
        index, tool_id, name, arguments = _fields(delta)
        if not tool_id and not name and arguments is None:
            return
        self._held.take(len(arguments or "") + len(name))
        call = None if whole else self._find(index, tool_id, name, arguments)
        if call is None:
            self._held.begin()
            call = Call()
            if not name and self.calls and self.calls[-1].again:
                call.name = self.calls[-1].name
            self.calls.append(call)
        if index is not None:
            self._by_index[index] = call
        if isinstance(extra := delta.get("extra_content"), dict):
            call.extra = extra
        call.id = call.id or tool_id
        self._name(call, name)
        _extend(call, arguments)

    def _find(self, index: int | None, tool_id: str, name: str, arguments: str | None) -> Call | None:
        """The call that a delta goes on with; None for a new one."""
        if not self.calls:
            return None
        known = self._by_index.get(index) if index is not None else None
        if known is not None:
            return known if self._goes_on(known, tool_id, name, arguments) else None
        namesake = next((call for call in reversed(self.calls) if tool_id and call.id == tool_id), None)
        if namesake is not None:
            if index is not None and _is_another(namesake, name, arguments):
                return None
            return namesake if self._goes_on(namesake, tool_id, name, arguments) else None
        last = self.calls[-1]
        if not name and (not tool_id or index is None):
            return last
        if tool_id or index is not None:
            return None
        return last if self._goes_on(last, tool_id, name, arguments) else None

    def _goes_on(self, call: Call, tool_id: str, name: str, arguments: str | None) -> bool:
        """Whether a delta that points to `call` is about it, and not about a new one that looks like it."""
        strange = bool(tool_id and call.id and tool_id != call.id)
        opens = (arguments or "").lstrip().startswith("{")
        if not name:
            return not ((strange or call.again) and opens and call.whole)
        if not call.name:
            return not strange
        if tool_id and tool_id == call.id:
            return name == call.name or not call.whole
        if not call.text:
            both_declared = name != call.name and {name, call.name} <= self._declared
            return not strange and not both_declared
        if call.whole:
            call.again = name == call.name and not tool_id
            return call.again and (call.text.strip() == "{}" or not (arguments or "").strip())
        return name == call.name and not opens

    def _name(self, call: Call, name: str) -> None:
        """A name comes once, again, or in pieces."""
        if not name or name == call.name:
            return
        if call.name and not (name in self._declared and name.startswith(call.name)):
            call.name += name
        else:
            call.name = name


def _is_another(call: Call, name: str, arguments: str | None) -> bool:
    """Whether a delta at an index of its own that has the id of `call` begins another: some use an id twice."""
    begun = (arguments or "").lstrip()
    opens = begun.startswith("{") or bool(name and not begun)
    return opens and name in ("", call.name) and call.whole and call.text.strip() != "{}"


def _fields(delta: dict[str, Any]) -> tuple[int | None, str, str, str | None]:
    """index, id, name and arguments; custom tools' input is wrapped, as tools take objects."""
    index, tool_id = delta.get("index"), delta.get("id")
    custom = delta.get("custom")
    function = delta.get("function") or custom or delta
    function = function if isinstance(function, dict) else {}
    name = function.get("name")
    arguments = function.get("arguments")
    if function is custom and isinstance(function.get("input"), str):
        arguments = {"input": function["input"]}
    if arguments is not None and not isinstance(arguments, str):
        arguments = _encode(arguments).decode()
    return (
        index if isinstance(index, int) else None,
        str(tool_id) if tool_id is not None else "",
        name if isinstance(name, str) else "",
        arguments,
    )


def _extend(call: Call, fragment: str | None) -> None:
    """Adds a fragment; an object after `{}` takes its place, a whole object said twice counts once."""
    if not fragment:
        return
    if fragment.startswith("{") and call.arguments:
        text = call.text
        if text.strip() == "{}" or (text == fragment and is_object(text)):
            call.arguments = [fragment]
            return
    call.arguments.append(fragment)


def own_arguments(text: str) -> str | None:
    """`text` if it is one JSON object, nothing as an empty one, `{}` before an object left out; else None."""
    text = text.strip()
    if text in ("", "null"):
        return "{}"
    if is_object(text):
        return text
    rest = text.removeprefix("{}").lstrip()
    return rest if is_object(rest) else None


def is_object(text: str) -> bool:
    """Whether `text` is one JSON object."""
    if not text.rstrip().endswith("}"):
        return False
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        return False
