"""Tool calls that a model wrote into its text, made into tool calls.

Upstreams that do not parse their model's markup hand it on as text, split over deltas as it happens. A block of it
becomes calls if every one of them names a declared tool and its arguments fit that tool's schema; otherwise it stays
the text it is. Text waits only while it could be the beginning of a block. Where the upstream tells the same call
properly as well, the text is left alone.

Pure: canonical events in, canonical events out; whatever comes after text that waits settles it first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from translators.events import CONTENT, Break, Citation, Event, Fault, Finish, Progress, Signature, Text, Tool
from translators.lenient_json import Unfinished, text_of
from translators.schema_fit import fits, kinds_of, property_of, typed
from translators.schemas import TYPE_ALIAS, renamed_arguments
from translators.sse import MOST_CALLS
from translators.text_tool_forms import FORMS as COMMON_FORMS
from translators.text_tool_forms import STRAY, Form, Written
from translators.text_tool_special import SPECIAL_FORMS
from translators.toolcalls import complete_arguments

_LONGEST = 1024 * 1024
"""Characters of a block."""
_LOOK = 400
"""Characters behind an opening within which it must look like a call."""
_OPENINGS = 2 * MOST_CALLS
"""Marks that may open a block in one answer; what looks like more of them is text."""
_TRIES = 16
"""Closing marks that may turn out to be part of an argument."""

FORMS = {**COMMON_FORMS, **SPECIAL_FORMS}
_MARKS = tuple(dict.fromkeys((*FORMS, *STRAY)))
_TAGS = "|".join(re.escape(mark[1:]) for mark in _MARKS if mark[0] == "<")
_MARK = re.compile("|".join([f"<(?:{_TAGS})", *(re.escape(mark) for mark in _MARKS if mark[0] != "<")]))
"""The sign that nearly all begin with is looked at once: six times as quick in a text full of it."""
_FIRST = frozenset(mark[0] for mark in _MARKS)
_LONGEST_MARK = max(map(len, _MARKS))
_decode = msgspec.json.decode
_ITEM = re.compile(r"\s*<item>(.*?)</item>", re.DOTALL)
_CHILD = re.compile(r"\s*<([\w.-]+)>(.*?)</\1>", re.DOTALL)


class TextTools:
    """One answer's text. `declared`: input schemas by the names the client knows."""

    def __init__(
        self,
        declared: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
        renamed: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`names`: alias sent → name declared; `renamed` tells the tools whose parameter `type` was `TYPE_ALIAS`."""
        self._declared = declared
        self._names = names or {}
        self._renamed = renamed
        self._known = {*declared, *self._names}
        self._out: list[Event] = []
        self._held = ""
        """Text that may be the beginning of a mark."""
        self._buffer, self._at = "", 0
        """The text being read, and how far."""
        self._openings = 0
        self._opening = ""
        """The mark that opened the block being read; "" outside of one."""
        self._block: list[str] = []
        """What came behind it with earlier deltas; `_size` characters that end in `_tail`."""
        self._size, self._tail = 0, ""
        self._sure = False
        """The block has been found to look like a call."""
        self._tries = 0
        self._ready: list[Tool] = []
        """Calls read, not told yet: the upstream may be about to tell them itself."""
        self._written: list[str] = []
        """The text they were read from, and the blanks behind it."""
        self._made: list[tuple[str, Any]] = []
        """Names and values of calls told."""

    def feed(self, events: list[Event]) -> list[Event]:
        """`events` with calls in place of the text that wrote them; the same list if there is nothing to do."""
        if not (self._held or self._opening or self._ready or self._made):
            for event in events:
                if type(event) is Text and (
                    "<" in event.text or event.text[-1:] in ("[", "]") or "[T" in event.text
                ):
                    break
            else:
                return events
        out = self._out = []
        for event in events:
            if type(event) is Text:
                self._text(event.text)
            else:
                self._other(event)
        if not out and events:
            out.append(Progress())
        return out

    def close(self) -> list[Event]:
        """The answer ended without Finish: the text that waits."""
        self._out = []
        self._settle(whole=False)
        return self._out

    def _other(self, event: Event) -> None:
        if isinstance(event, Finish):
            self._settle(whole=event.reason in ("end_turn", "tool_use", "stop_sequence"))
            if self._made and event.reason in ("end_turn", "stop_sequence"):
                event = Finish("tool_use", None, event.usage, event.details)
        elif isinstance(event, Fault):
            self._held = self._opening = ""
            self._ready.clear()
        elif isinstance(event, Tool):
            self._leave_to_upstream()
            self._settle(whole=False)
            if self._is_made(event):
                return
        elif isinstance(event, Progress):
            self._leave_to_upstream()
        elif isinstance(event, (*CONTENT, Break, Citation, Signature)):
            self._settle(whole=True)
        self._out.append(event)

    def _leave_to_upstream(self) -> None:
        """The upstream tells its calls itself, so what was read from the text stays text."""
        if self._ready:
            self._ready.clear()
            self._out.append(Text("".join(self._written)))
            self._written.clear()

    def _is_made(self, event: Tool) -> bool:
        """Whether the upstream tells a call that has been told from its text; then it is not told again."""
        call = (event.name, _decode(event.input or "{}")) if self._made else None
        if call not in self._made:
            return False
        self._made.remove(call)
        return True

    def _settle(self, *, whole: bool) -> None:
        """No more text comes. `whole`: what the model said is all it wanted to say."""
        if self._opening:
            body = "".join(self._block) + self._held
            opening, self._opening, self._held = self._opening, "", ""
            calls = self._calls(FORMS[opening], body) if whole else None
            if calls:
                self._ready += calls
            else:
                self._say(opening + body)
        held, self._held = self._held, ""
        self._say(held)
        self._tell()

    def _text(self, text: str) -> None:
        self._buffer, self._held, self._at = self._held + text, "", 0
        while self._at < len(self._buffer):
            if self._opening:
                self._inside()
            elif not self._outside():
                break
        self._held, self._buffer = self._buffer[self._at :], ""

    def _outside(self) -> bool:
        """Says what stands before the next mark; False if there is none and the rest may become one."""
        buffer, at = self._buffer, self._at
        if self._openings >= _OPENINGS and not self._ready:
            self._at = len(buffer)
            self._say(buffer[at:])
            return False
        mark = _MARK.search(buffer, at)
        if mark is None:
            self._at = len(buffer) - _overlap(buffer[max(at, len(buffer) - _LONGEST_MARK) :])
            self._say(buffer[at : self._at])
            return False
        self._say(buffer[at : mark.start()])
        self._at = mark.end()
        opens = mark[0] in FORMS
        if opens and self._openings < _OPENINGS:
            self._openings += 1
            self._opening, self._block, self._tail = mark[0], [], ""
            self._size = self._tries = 0
            self._sure = False
        elif self._ready and not opens:
            self._written.append(mark[0])
        else:
            self._say(mark[0])
        return True

    def _inside(self) -> None:
        """Settles the block if its end is in the buffer, or if it cannot be one; else takes all of the buffer."""
        form = FORMS[self._opening]
        if not self._sure and not self._possible(form):
            self._leave()
            return
        end, mark = self._end(form)
        if mark:
            self._close_block(form, end, mark)
            return
        new = self._buffer[self._at :]
        self._block.append(new)
        self._tail = (self._tail + new)[1 - _LONGEST_MARK :]
        self._size += len(new)
        self._at = len(self._buffer)
        if self._size > _LONGEST:
            opening, self._opening = self._opening, ""
            self._say(opening + "".join(self._block))

    def _possible(self, form: Form) -> bool:
        """Whether the block looks like a call so far."""
        head = "".join(self._block) + self._buffer[self._at : self._at + _LOOK + _LONGEST_MARK]
        ends = [end for mark in form.closing if (end := head.find(mark)) >= 0]
        self._sure = bool(ends) or len(head) >= _LOOK
        return form.possible(head[: min(ends, default=_LOOK)][:_LOOK], self._known)

    def _end(self, form: Form) -> tuple[int, str]:
        """Where the block ends in the buffer, behind which mark; the mark may have begun in the last delta."""
        window = self._tail + self._buffer[self._at : self._at + _LONGEST_MARK]
        split = [(end, mark) for mark in form.closing if (end := window.find(mark)) >= 0]
        if split:
            end, mark = min(split)
            return self._at + end + len(mark) - len(self._tail), mark
        found = [(end, mark) for mark in form.closing if (end := self._buffer.find(mark, self._at)) >= 0]
        end, mark = min(found, default=(0, ""))
        return end + len(mark), mark

    def _leave(self) -> None:
        """The opening opened nothing: it is text, and what followed is looked at anew."""
        opening, self._opening = self._opening, ""
        self._say(opening)
        self._again("".join(self._block), 0, self._at)

    def _again(self, body: str, skipped: int, start: int) -> None:
        """Go on reading `skipped` characters into `body`, which began at `start` unless it came with earlier deltas."""
        if self._block:
            self._buffer, self._at = body[skipped:] + self._buffer[self._at :], 0
        else:
            self._at = start + skipped

    def _close_block(self, form: Form, end: int, mark: str) -> None:
        start = self._at
        body = "".join(self._block) + self._buffer[start:end]
        inner = body[: len(body) - len(mark)]
        opening, self._opening, self._at = self._opening, "", end
        written = None
        try:
            written = form.read(inner)
        except Unfinished:
            self._tries += 1
            if self._tries < _TRIES:
                self._opening, self._block, self._tail = opening, [body], ""
                return
        except (ValueError, RecursionError):
            pass
        calls = self._checked(written)
        if calls:
            self._ready += calls
            self._written.append(opening + body)
            return
        last = inner.rfind(opening)
        if last < 0:
            self._say(opening + body)
        else:
            self._say(opening + inner[:last])
            self._again(body, last, start)

    def _calls(self, form: Form, body: str) -> list[Tool] | None:
        try:
            return self._checked(form.read(body))
        except (ValueError, RecursionError):
            return None

    def _checked(self, written: list[Written] | None) -> list[Tool] | None:
        """The calls, if all of them may be made."""
        calls = [self._call(one) for one in written or ()]
        return [call for call in calls if call] if calls and all(calls) else None

    def _call(self, written: Written) -> Tool | None:
        name = self._names.get(written.name, written.name)
        if name not in self._declared:
            return None
        schema = self._declared[name]
        values: Any = written.values
        if isinstance(values, str):
            values = _parsed(values)
        if not isinstance(values, dict):
            return None
        if name in self._renamed():
            values = renamed_arguments(values, TYPE_ALIAS, "type")
        values = {
            key: _value(value, written.form, property_of(schema, key), schema)
            for key, value in values.items()
        }
        return Tool("", name, text_of(values)) if fits(values, schema) else None

    def _say(self, text: str) -> None:
        """Passes text on, after the calls that came before it; blanks behind a call are of no use."""
        if self._ready:
            if not text.strip():
                self._written.append(text)
                return
            self._tell()
            text = text.lstrip()
        if text:
            self._out.append(Text(text))

    def _tell(self) -> None:
        self._made += ((call.name, _decode(call.input)) for call in self._ready)
        self._out += self._ready
        self._ready.clear()
        self._written.clear()


def _overlap(text: str) -> int:
    """Length of the longest end of `text` that may be the beginning of a mark."""
    for at in range(max(len(text) - _LONGEST_MARK + 1, 0), len(text)):
        if text[at] in _FIRST:
            end = text[at:]
            if any(mark.startswith(end) for mark in _MARKS):
                return len(end)
    return 0


def _parsed(text: str) -> Any:
    arguments = complete_arguments(text)
    return None if arguments is None else _decode(arguments)


def _value(value: Any, form: str, schema: Any, root: Any) -> Any:
    """An argument as the schema wants it, where it was written as text."""
    if not isinstance(value, str):
        return value
    if form == "tags":
        return _element(value, schema, root)
    kinds = kinds_of(schema, root)
    if form == "json" and (not kinds or "string" in kinds):
        return value
    return typed(value, schema, root)


def _element(text: str, schema: Any, root: Any) -> Any:
    """The content of a MiniMax-M3 element: items, members, or text."""
    kinds = kinds_of(schema, root)
    if "array" in kinds and _ITEM.match(text):
        items = schema.get("items", True) if isinstance(schema, dict) else True
        return [_element(item, items, root) for item in _ITEM.findall(text)]
    if "object" in kinds and _CHILD.match(text):
        return {
            name: _element(child, property_of(schema, name), root) for name, child in _CHILD.findall(text)
        }
    return typed(text, schema, root)
