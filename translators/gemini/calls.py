"""Function calls: whole, or (Vertex AI, when its caller asks for that) with arguments in pieces.

A piece names the place of its value by a path like `$.edits[0].text`; strings may come in several pieces
(docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/PartialArg).
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import msgspec

from translators.toolcalls import complete_arguments

_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]")
_LONGEST = 10_000
"""Elements of an array that pieces may reach."""


class Call:
    """A call that goes on in the next part."""

    def __init__(self, call: dict[str, Any], signature: str | None) -> None:
        self.id = text_in(call, "id")
        self.name = text_in(call, "name")
        self.signature = signature
        self.broken = False
        """A piece had no place."""
        self._arguments: Any = dict(call["args"]) if isinstance(call.get("args"), dict) else {}
        self._open: str | None = None
        """The path whose string goes on."""

    def add(self, call: dict[str, Any]) -> None:
        """The pieces in the next part of the call."""
        pieces = call.get("partialArgs")
        for piece in pieces if isinstance(pieces, list) else ():
            if isinstance(piece, dict) and not self._put(piece):
                self.broken = True

    @property
    def arguments(self) -> dict[str, Any]:
        return self._arguments

    def _put(self, piece: dict[str, Any]) -> bool:
        path = piece.get("jsonPath")
        steps = _steps(path) if isinstance(path, str) else None
        if not steps:
            return False
        goes_on = self._open == path
        self._open = path if piece.get("willContinue") is True else None
        holder = self._arguments
        for step, following in itertools.pairwise(steps):
            held = _get(holder, step)
            if held is None:
                held = [] if isinstance(following, int) else {}
                if not _set(holder, step, held):
                    return False
            holder = held
        value = _value(piece)
        before = _get(holder, steps[-1])
        if goes_on and isinstance(before, str) and isinstance(value, str):
            value = before + value
        return _set(holder, steps[-1], value)


def text_in(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def goes_on(call: dict[str, Any]) -> bool:
    """Whether a functionCall is one in pieces."""
    return call.get("willContinue") is True or isinstance(call.get("partialArgs"), list)


def arguments_of(call: dict[str, Any]) -> str | None:
    """The arguments of a whole call as the text of one object; None if they are not one."""
    value = call.get("args")
    if value is None:
        return "{}"
    if isinstance(value, str):
        return complete_arguments(value)
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else None


def _steps(path: str) -> list[str | int] | None:
    steps: list[str | int] = []
    position = 1 if path.startswith("$") else 0
    while position < len(path):
        found = _STEP.match(path, position)
        if not found:
            return None
        name = next(group for group in found.groups() if group is not None)
        steps.append(int(name) if found[2] else re.sub(r"\\(.)", r"\1", name))
        position = found.end()
    return steps


def _get(holder: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return holder[step] if isinstance(holder, list) and step < len(holder) else None
    return holder.get(step) if isinstance(holder, dict) else None


def _set(holder: Any, step: str | int, value: Any) -> bool:
    if isinstance(step, int):
        if not isinstance(holder, list) or step > _LONGEST:
            return False
        holder += [None] * (step + 1 - len(holder))
    elif not isinstance(holder, dict):
        return False
    holder[step] = value
    return True


def _value(piece: dict[str, Any]) -> Any:
    for name in ("stringValue", "numberValue", "boolValue"):
        if name in piece:
            return piece[name]
    return None
