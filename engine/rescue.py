"""Going on after an upstream died in the middle of an answer, without a seam the client could see.

Pure: told what was said, and what the next candidate says. Two ways: a model that can continue is given the partial
answer and what it repeats of it is trimmed; any other is asked afresh, and its answer is joined on only if it begins
with exactly what the client already has. Once a tool block went out there is no way.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from translators.events import (
    Break,
    Citation,
    Event,
    Finish,
    Opaque,
    Progress,
    Redacted,
    Signature,
    Start,
    Text,
    Thinking,
    Tool,
    Usage,
)
from translators.request import Request

LONGEST = 1024 * 1024
"""Characters of an answer that are remembered; a longer one is not gone on with."""
OVERLAP = 200
"""Characters at the end of the partial answer that a continuation may repeat."""
LEAST = 8
"""Fewer characters in common are chance: `wel` goes on with `l done`."""


class Said(msgspec.Struct):
    """What the client has of an answer: text and thinking in the order they came."""

    parts: list[tuple[type, list[str]]] = msgspec.field(default_factory=list)
    final: bool = False
    """Something went out that no other model can be held to: a tool call, a citation, a signature; or too much to be
    remembered."""
    size: int = 0

    def add(self, events: list[Event]) -> None:
        if self.final:
            return
        for event in events:
            if isinstance(event, (Text, Thinking)):
                kind = type(event)
                if not self.parts or self.parts[-1][0] is not kind:
                    self.parts.append((kind, []))
                self.parts[-1][1].append(event.text)
                self.size += len(event.text)
            elif isinstance(event, (Tool, Opaque, Redacted, Citation, Signature)):
                self.final = True
        if self.size > LONGEST:
            self.final = True
            self.parts.clear()

    def segments(self) -> list[tuple[type, str]]:
        return [(kind, "".join(pieces)) for kind, pieces in self.parts]

    @property
    def text(self) -> str:
        """The text alone, thinking left out."""
        return "".join("".join(pieces) for kind, pieces in self.parts if kind is Text)


def continuation(request: Request, said: Said) -> Request:
    """The request with the partial answer as the assistant's last message, for a model that goes on from there."""
    partial = said.text.rstrip()
    if not partial:
        return request
    messages = [*request.messages, {"role": "assistant", "content": partial}]
    return replace(request, body={**request.body, "messages": messages})


class Continued:
    """Trims what a continuation repeats. `feed` gives the events that go on from what was said.

    It may repeat the end of the partial answer, or all of it, or the white space at its end, which it was not given.
    """

    def __init__(self, said: Said) -> None:
        self._said = said.text
        self._tail = self._said[-OVERLAP:]
        self._space = self._said[len(self._said.rstrip()) :]
        self._held = ""
        self._joined = not self._said

    def feed(self, events: list[Event]) -> list[Event]:
        if self._joined:
            return events
        out: list[Event] = []
        for event in events:
            if self._joined or isinstance(event, (Usage, Progress)):
                out.append(event)
            elif isinstance(event, Text):
                self._held += event.text
                if not self._may_repeat():
                    self._join(out)
            elif isinstance(event, Break) and not self._held:
                continue
            elif not isinstance(event, (Start, Thinking, Signature)):
                self._join(out)
                out.append(event)
        return out

    def _may_repeat(self) -> bool:
        """More text could still turn what is held into a repetition."""
        if self._held in self._tail or self._said.startswith(self._held):
            return True
        return self._space.startswith(self._held)

    def _join(self, out: list[Event]) -> None:
        held, self._held, self._joined = self._held, "", True
        rest = held[self._repeated(held) :]
        if rest:
            out.append(Text(rest))

    def _repeated(self, held: str) -> int:
        """How many characters at the beginning the client has already."""
        if len(self._said) >= LEAST and held.startswith(self._said):
            return len(self._said)
        for most in range(min(len(self._tail), len(held)), LEAST - 1, -1):
            if self._tail.endswith(held[:most]) and held[:most].strip():
                return most
        return next(n for n in range(min(len(self._space), len(held)), -1, -1) if self._space[:n] == held[:n])


class Differs(Exception):  # noqa: N818 - an answer that differs is no error
    """The fresh answer is another one; the two cannot be joined."""


class Repeated:
    """Follows a fresh answer while it says what the client already has; `feed` gives what is new."""

    def __init__(self, said: Said) -> None:
        self._left = said.segments()

    def feed(self, events: list[Event]) -> list[Event]:
        """Raises Differs."""
        if not self._left:
            return events
        out: list[Event] = []
        for event in events:
            if not self._left:
                out.append(event)
            elif isinstance(event, (Text, Thinking)):
                self._match(event, out)
            elif isinstance(event, (Tool, Opaque, Redacted, Finish)):
                raise Differs
        return out

    def _match(self, event: Text | Thinking, out: list[Event]) -> None:
        kind, expected = self._left[0]
        if type(event) is not kind:
            raise Differs
        if expected.startswith(event.text):
            self._left[0] = (kind, expected[len(event.text) :])
            if not self._left[0][1]:
                del self._left[0]
            return
        if not event.text.startswith(expected) or len(self._left) > 1:
            raise Differs
        self._left.clear()
        out.append(kind(event.text[len(expected) :]))
