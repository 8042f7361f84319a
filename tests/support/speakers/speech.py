"""What the model of `support/model.py` says to a request, whichever dialect it is asked in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

INPUT, OUTPUT = 21, 9
"""Tokens that every answer is said to cost."""


@dataclass
class Speech:
    thinking: str
    text: str
    calls: list[tuple[str, dict[str, Any]]]
    reason: str
    stop: str | None = None


@dataclass
class Asked:
    """A request, as far as the answer depends on it. Dialects differ in how they say this, not in what."""

    prompt: str
    tools: dict[str, Any]
    """Name → schema of the arguments."""
    forced: str = ""
    """A tool's name, `any` or nothing."""
    thinks: bool = False
    longest: int = 4096
    """Tokens."""
    stops: list[str] = field(default_factory=list)
    result: str | None = None
    """What the last tool gave back; None before one was called."""
    pictures: int = 0


def speech(asked: Asked) -> Speech:
    thinking = "17 times 23 is 391." if asked.thinks else ""
    if asked.longest < 16:
        return Speech("", "one two three", [], "length")
    if asked.result is not None:
        return Speech(thinking, f"The tool says: {asked.result[:40]}", [], "stop")
    if asked.tools and (asked.forced or "USE THE TOOL" in asked.prompt):
        names = sorted(asked.tools, key="Bash".__ne__)[: 2 if asked.forced == "any" else 1]
        if asked.forced in asked.tools:
            names = [asked.forced]
        calls = [(name, filled(asked.tools[name])) for name in names]
        return Speech(thinking, "Let me look.", calls, "tool_calls")
    for stop in asked.stops:
        if stop in asked.prompt:
            return Speech(thinking, "one ", [], "stop", stop)
    if asked.pictures:
        return Speech(thinking, f"Pictures: {asked.pictures}.", [], "stop")
    return Speech(thinking, "Hello, world: ünïcødé \n and a second line.", [], "stop")


def filled(schema: dict[str, Any]) -> dict[str, Any]:
    """Arguments that a schema accepts."""
    samples = {"string": "echo hi", "number": 1, "integer": 1, "boolean": True, "array": [], "object": {}}
    properties = schema.get("properties") or {}
    return {
        name: samples.get(properties.get(name, {}).get("type"), "x") for name in schema.get("required") or []
    }


def words(text: str) -> list[str]:
    """The text in pieces, blanks at their ends."""
    return re.findall(r"\S+\s*|\s+", text)


def pieces(text: str, size: int = 7) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def text_in(content: Any) -> str:
    """The text of a string or of a list of parts, blanks between them."""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content or [] if isinstance(part, dict))


def parts_in(messages: list[dict[str, Any]], name: str = "content") -> list[dict[str, Any]]:
    """The parts of all messages whose content is a list."""
    return [part for one in messages if isinstance(one.get(name), list) for part in one[name]]
