"""Tokens to values: numbers, durations, times of day, quoted text; and the spans of tokens and trees."""

from __future__ import annotations

import re

from lark import Token, Tree

from rules.nodes import Span

SCALES = {"k": 1_000, "M": 1_000_000}
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DAY_MINUTES = 24 * 60

_DURATION = re.compile(r"([0-9_.]+)([a-z]+)")
_ESCAPE = re.compile(r"\\(.)")


def span(part: Token | Tree) -> Span:
    """From the first to the last token of a tree; every tree of the grammar keeps those two."""
    first = last = part
    while isinstance(first, Tree):
        first = first.children[0]
    while isinstance(last, Tree):
        last = last.children[-1]
    return Span(first.start_pos or 0, last.end_pos or 0)


def number(text: str) -> float:
    """`120k`, `1.5M`, `1_000`; a whole number comes back as an int."""
    scale = SCALES.get(text[-1], 1)
    digits = (text if scale == 1 else text[:-1]).replace("_", "")
    if "." not in digits:
        return int(digits) * scale
    value = round(float(digits) * scale, 9)
    return int(value) if value == int(value) else value


def duration(text: str) -> float:
    """`500ms`, `20s`, `1.5h` in seconds."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"not a duration: {text}")
    return round(float(match[1].replace("_", "")) * SECONDS[match[2]], 6)


def clock(text: str) -> int | None:
    """`22:00` in minutes after midnight; `24:00` is the end of the day. None when there is no such time."""
    hours, minutes = (int(part) for part in text.split(":"))
    value = hours * 60 + minutes
    return value if minutes < 60 and value <= DAY_MINUTES else None


def unquote(text: str) -> str:
    r"""The text between the quotes, `\"` and `\\` resolved; any other backslash stays as it is."""
    return _ESCAPE.sub(lambda m: m[1] if m[1] in '"\\' else m[0], text[1:-1])


def quote(text: str) -> str:
    """The text as a string of the language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
