"""What tomllib says of a broken file: exact places, plain words, and what to change.

tomllib stops at its first error. To report several in one run, the line it stops at is blanked and the rest
is read again, as long as that line is one `key = value`: without a table's header the lines below it would
mean something else, and inside a multi-line text a line means nothing by itself.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from rules.diagnostics import Diagnostic, Label
from rules.masking import find, masked
from rules.nodes import Span
from rules.toml_scanner import Scan

MAX_ERRORS = 10
"""Errors after which the reading stops; each costs one more reading of the file."""

UNCLOSED = ("Expected \"'''\"", 'Expected \'"""\'')

_PLACE = re.compile(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL)
_PAIR = re.compile(r"[ \t]*[A-Za-z0-9_\"'.-]+[ \t]*=")
_BAD_WORD = re.compile(r"[^\s,\]}#]{1,40}")
_MULTI_LINE = re.compile(r"\"{3}|'{3}")

QUOTED = "text stands in straight quotes, numbers, `true` and `false` do not"
BARE = "a key with other signs than letters, digits, `_` and `-` stands in quotes"
ONE_LINE = "a text ends on its line, with the quote it began with"
WORDS: tuple[tuple[str, str, str], ...] = (
    ("Invalid value", "`{seen}` is no value", QUOTED),
    ("Invalid statement", "`{seen}` begins neither a key nor a table", f"a line is `key = value`; {BARE}"),
    ("Expected '=' after a key", "`=` is missing after the key", f"a line is `key = value`; {BARE}"),
    ("Invalid initial character for a key", "`{seen}` begins no key", BARE),
    ("Expected newline or end", "`{seen}` stands behind the end of the line's value", QUOTED),
    ("Expected ']' at the end", "the table's header has no closing `]`", "a header is `[name]`"),
    ("Expected ']]' at the end", "the header has no closing `]]`", "a header is `[[name]]`"),
    ("Unclosed array", "the list has no closing `]`", "end it with `]`"),
    ("Unclosed inline table", "the table has no closing `}}`", "end it with `}`"),
    (
        "Unescaped",
        "the backslash before this begins no escape",
        r"in double quotes a backslash is written `\\`",
    ),
    ("Invalid hex value", "the code has too few digits", r"`\u` takes four hexadecimal digits, `\U` eight"),
    ("Illegal character '\\n'", "the text has no closing quote", ONE_LINE),
    ('Expected "\'"', "the text has no closing quote", ONE_LINE),
    ("Unterminated string", "the text has no closing quote", ONE_LINE),
    ("Illegal character", "an invisible character stands here", "remove it"),
    ("Found invalid character", "an invisible character stands here", "remove it"),
    ("Cannot", "this key or table is already something else", "a name is either a value or a table, once"),
)
"""What tomllib says, by its first words; what we say, with what stands there; and what to change."""


def parse(text: str, scan: Scan) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The tables, and the errors as findings. With errors the tables hold what could be read around them."""
    findings: list[Diagnostic] = []
    readable = text
    while True:
        try:
            return tomllib.loads(readable), findings
        except tomllib.TOMLDecodeError as error:
            finding, at = _finding(str(error), readable, scan)
            findings.append(finding)
            readable = _without_line(readable, at) if len(findings) < MAX_ERRORS else ""
        except (RecursionError, ValueError) as error:
            message = "a list or table is nested too deeply"
            if isinstance(error, ValueError):
                message = "a number has too many digits"
            return {}, [*findings, Diagnostic("FCC001", "error", message, Span(0, 1))]
        if not readable:
            return {}, findings


def _without_line(text: str, at: int) -> str:
    """The text with the line at the offset blanked; empty when that line is not a pair of its own."""
    if at >= len(text):
        return ""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    line = text[start:end]
    alone = _PAIR.match(line) and "'''" not in line and '"""' not in line
    return text[:start] + " " * (end - start) + text[end:] if alone else ""


def _finding(said: str, text: str, scan: Scan) -> tuple[Diagnostic, int]:
    """The finding, and the offset at which tomllib stopped."""
    match = _PLACE.match(said)
    what = match[1] if match else said
    at = _offset(text, int(match[2]), int(match[3])) if match and match[2] else len(text)
    if what.startswith(("Cannot", "Duplicate")):
        repeated = _repeated(text, scan, at)
        if repeated is not None:
            return repeated, at
    if what.startswith(UNCLOSED) or at >= len(text):
        opening = _opening(text)
        if opening is not None:
            quotes = text[opening.start : opening.end]
            message = f"the text that begins here has no closing `{quotes}`"
            return Diagnostic("FCC001", "error", message, opening, help=f"end it with `{quotes}`"), at
    place = _place(text, at)
    shown = masked(text, find(text, scan.places, scan.unread))
    message, hint = _worded(what, shown[place.start : place.end])
    if what.startswith("Invalid value") and (at >= len(text) or text[at] in "\r\n#"):
        message = "there is no value"
    return Diagnostic("FCC001", "error", message, place, help=hint), at


def _worded(what: str, seen: str) -> tuple[str, str | None]:
    for begins, message, hint in WORDS:
        if what.startswith(begins):
            return message.format(seen=seen), hint
    return what[:1].lower() + what[1:].rstrip("."), None


def _offset(text: str, line: int, column: int) -> int:
    """Both count from one; tomllib counts lines by their line feed, as we do."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return min(start + column - 1, len(text))


def _place(text: str, at: int) -> Span:
    if at >= len(text):
        end = len(text.rstrip())
        return Span(max(end - 1, 0), end)
    if text[at] in "\r\n":
        return Span(max(at - 1, text.rfind("\n", 0, at) + 1), at) if at else Span(0, 1)
    word = _BAD_WORD.match(text, at)
    return Span(at, word.end() if word else at + 1)


def _repeated(text: str, scan: Scan, at: int) -> Diagnostic | None:
    """A key or table that stands twice, with both places."""
    line = text.count("\n", 0, at)
    for path, again in scan.repeated:
        if text.count("\n", 0, again.start) == line or again.end == at:
            name = text[again.start : again.end]
            first = scan.places[path].key
            what = "table" if scan.places[path].kind == "table" else "key"
            labels = (Label(first, "first stands here"),)
            message = f"{what} `{name}` stands twice"
            return Diagnostic("FCC001", "error", message, again, labels, help="keep one of them")
    return None


def _opening(text: str) -> Span | None:
    """The multi-line quotes that are never closed, if that is what is wrong."""
    at = 0
    while True:
        opening = _MULTI_LINE.search(text, at)
        if opening is None:
            return None
        end = text.find(opening[0], opening.end())
        if end < 0:
            return Span(opening.start(), opening.end())
        at = end + 3
