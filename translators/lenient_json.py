"""JSON as models write it when they slip: read where there is one way to read it, refused where there are two.

What is taken beyond RFC 8259:

    raw line ends and control characters in strings     as themselves
    `True`, `False`, `None`                             as in Python
    'single quotes' around a string                     as in Python
    names without quotes as keys                        as in JavaScript
    one comma before a closing bracket                  as if it were not there
    `\\'`                                                as `'`
    `\\d` and other escapes JSON does not have            as backslash and `d`, unless the same string also has
                                                        escapes such as `\\n`, which then might be meant likewise

What is refused: anything that lacks its end, NaN and infinity, a missing comma, more than `DEEPEST` levels.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

DEEPEST = 128
"""Levels of arrays and objects."""

_BLANK = re.compile(r"[\s\ufeff]*")
_STRING = {
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])", re.ASCII)
_WORD = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_PLAIN = {'"': '"', "'": "'", "\\": "\\", "/": "/"}
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Unfinished(ValueError):  # noqa: N818 - says what is wrong with the text
    """A string has no end: the value goes on behind the text."""


def read(text: str, start: int = 0) -> tuple[Any, int]:
    """The value that begins at `start`, blanks skipped, and where it ends. Raises ValueError, Unfinished above all."""
    try:
        return _strictly(text, _skip(text, start))
    except (ValueError, RecursionError):
        return _Reading(text).value(start, 0)


def decode_leniently(data: bytes) -> Any:
    """JSON as servers write it when they slip: bad UTF-8, raw control characters, NaN, lone surrogates. Else None."""
    try:
        value = json.loads(data.decode("utf-8", "replace").lstrip("\ufeff"), strict=False)
        return json.loads(whole(json.dumps(value, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None


def text_of(value: Any) -> str:
    """`value` as JSON that every reader takes: lone surrogates become U+FFFD. Raises ValueError for NaN."""
    return whole(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def whole(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced by U+FFFD, so that it can be sent as UTF-8."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_strictly = json.JSONDecoder(strict=False, parse_constant=_constant).raw_decode


class _Reading:
    def __init__(self, text: str) -> None:
        self.text = text

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        at = self.skip(at)
        first = self.text[at : at + 1]
        if first in ("{", "[") and depth == DEEPEST:
            raise ValueError(f"more than {DEEPEST} levels")
        if first == "{":
            return self.object(at + 1, depth + 1)
        if first == "[":
            return self.array(at + 1, depth + 1)
        if first in ('"', "'"):
            return self.string(at)
        if number := _NUMBER.match(self.text, at):
            value = json.loads(number[0])
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{number[0]} is too large")
            return value, number.end()
        word = _WORD.match(self.text, at)
        if word and word[0] in _WORDS:
            return _WORDS[word[0]], word.end()
        raise ValueError(f"no value at {at}")

    def object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        while True:
            at = self.skip(at)
            if self.text.startswith("}", at):
                return found, at + 1
            name, at = self.key(at)
            at = self.skip(at)
            if not self.text.startswith(":", at):
                raise ValueError(f"no colon at {at}")
            found[name], at = self.value(at + 1, depth)
            at = self.separator(at, "}")

    def array(self, at: int, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        while True:
            at = self.skip(at)
            if self.text.startswith("]", at):
                return found, at + 1
            value, at = self.value(at, depth)
            found.append(value)
            at = self.separator(at, "]")

    def key(self, at: int) -> tuple[str, int]:
        if self.text[at : at + 1] in ('"', "'"):
            return self.string(at)
        name = _WORD.match(self.text, at)
        if name is None:
            raise ValueError(f"no key at {at}")
        return name[0], name.end()

    def separator(self, at: int, closing: str) -> int:
        """Behind a comma, or at the closing bracket."""
        at = self.skip(at)
        if self.text.startswith(",", at):
            return at + 1
        if self.text.startswith(closing, at):
            return at
        raise ValueError(f"no comma at {at}")

    def string(self, at: int) -> tuple[str, int]:
        quote = self.text[at]
        match = _STRING[quote].match(self.text, at)
        if match is None:
            raise Unfinished(f"the string at {at} has no end")
        return _unescaped(match[1], quote), match.end()

    def skip(self, at: int) -> int:
        return _skip(self.text, at)


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _unescaped(body: str, quote: str) -> str:
    if "\\" not in body:
        return body
    escapes = set(_ESCAPE.findall(body))
    strange = {one for one in escapes if one not in _PLAIN and one not in _CONTROLS and len(one) == 1}
    if strange and (quote == "'" or len(escapes) > len(strange | escapes & _PLAIN.keys())):
        raise ValueError("escapes that can be read in two ways")

    def meant(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) > 1:
            return chr(int(escape[1:], 16))
        return _PLAIN.get(escape) or _CONTROLS.get(escape) or match[0]

    return _ESCAPE.sub(meant, body)
