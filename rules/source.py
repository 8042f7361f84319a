"""A configuration file as it is on disk: text, tables, and where everything in it stands.

Values come from tomllib, places from `rules.toml_scanner`. The text keeps its line ends and tabs, so offsets,
lines and columns are the file's own; only a byte order mark is taken off (and remembered).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec

from rules import masking, toml_errors
from rules.diagnostics import Diagnostic, Edit, Fix
from rules.lines import Lines
from rules.nodes import Span
from rules.toml_scanner import MAX_PARTS, MAX_PLACES, Path, Place, paths, scan

MAX_BYTES = 1_100_000
"""Largest file that is read at all."""

BOM = b"\xef\xbb\xbf"
QUOTES = {"multi-line literal": 3, "multi-line basic": 3, "literal string": 1, "basic string": 1}


class Source(msgspec.Struct, frozen=True, dict=True):
    """The file. Spans everywhere are offsets into `text`, in characters."""

    path: str
    text: str
    tables: Mapping[str, Any] = msgspec.field(default_factory=dict)
    rules: tuple[int, int] | None = None
    """Where the text of `rules` begins and ends; None: there is none that can be read in place."""
    places: Mapping[Path, Place] = msgspec.field(default_factory=dict)
    comments: tuple[Span, ...] = ()
    """Comments of the TOML part; those inside `rules` are not among them."""
    bom: bool = False
    unread: tuple[Span, ...] = ()
    """Lines that are no TOML, and pairs whose key stands a second time."""

    @cached_property
    def lines(self) -> Lines:
        return Lines(self.text)

    @cached_property
    def secrets(self) -> list[Span]:
        """Where keys, tokens and passwords stand in clear."""
        return masking.find(self.text, self.places, self.unread, self.rules)

    @cached_property
    def shown(self) -> Lines:
        """The lines as they may be printed: stars for secrets, every character else in its place."""
        return Lines(masking.masked(self.text, self.secrets))

    @cached_property
    def _hidden(self) -> list[str]:
        return masking.texts(self.text, self.secrets)

    def hide(self, words: str) -> str:
        """Words about the file as they may be printed."""
        for one in self._hidden:
            words = words.replace(one, masking.MASK)
        return words

    def place(self, *path: str | int) -> Place:
        """Of the path, or of the nearest table around it; at worst the beginning of the file."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[:-1]
        start = Span(0, min(1, len(self.text)))
        return Place(start, start, "table")


def read(data: bytes, path: str) -> tuple[Source, list[Diagnostic]]:
    """The file and what is wrong with it as TOML. Never raises."""
    bom = data.startswith(BOM)
    if bom:
        data = data[len(BOM) :]
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data):,} bytes; more than {MAX_BYTES:,} are not read"
        return Source(path, ""), [Diagnostic("FCC008", "error", message, Span(0, 0))]
    text, findings = _decoded(data)
    found = scan(text)
    if found.too_much is not None:
        message = f"more than {MAX_PLACES:,} values, or a key of more than {MAX_PARTS} parts, are not read"
        return Source(path, text, bom=bom, unread=tuple(found.unread)), [
            *findings,
            Diagnostic("FCC008", "error", message, found.too_much),
        ]
    tables, errors = toml_errors.parse(text, found)
    findings += errors
    places: Mapping[Path, Place] = found.places
    if not errors and paths(tables) != places.keys():
        places = _by_line(text, places)
    span, about = _rules(text, tables, places)
    source = Source(path, text, tables, span, places, tuple(found.comments), bom, tuple(found.unread))
    return source, findings + about


def _decoded(data: bytes) -> tuple[str, list[Diagnostic]]:
    try:
        return data.decode(), []
    except UnicodeDecodeError as error:
        text = data.decode(errors="replace")
        at = len(data[: error.start].decode())
        message = f"the byte 0x{data[error.start]:02x} is no UTF-8 text"
        finding = Diagnostic("FCC007", "error", message, Span(at, at + 1), help="save the file as UTF-8")
        return text, [finding]


def _by_line(text: str, places: Mapping[Path, Place]) -> dict[Path, Place]:
    """The same places, as whole lines: all that is certain where scanner and tomllib do not agree."""

    def line(span: Span) -> Span:
        end = text.find("\n", span.start)
        return Span(text.rfind("\n", 0, span.start) + 1, len(text) if end < 0 else end)

    return {path: Place(line(one.key), line(one.value), "plain") for path, one in places.items()}


def _rules(
    text: str, tables: Mapping[str, Any], places: Mapping[Path, Place]
) -> tuple[tuple[int, int] | None, list[Diagnostic]]:
    """Where the content of `rules` stands, and a finding when it is not a literal string."""
    place = places.get(("rules",))
    if place is None or place.kind not in QUOTES:
        return None, []
    width = QUOTES[place.kind]
    start, end = place.value.start + width, place.value.end - width
    if place.kind in ("multi-line literal", "literal string"):
        return (start, end), []
    raw, value = text[start:end], tables.get("rules")
    fix = None
    if isinstance(value, str) and "'''" not in value and not value.endswith("'"):
        value = value if value.startswith("\n") or "\n" not in value else "\n" + value
        value = value.replace("\n", "\r\n") if "\r\n" in raw else value
        fix = Fix("write it between '''", (Edit(place.value, f"'''{value}'''"),))
    if "\\" not in raw:
        message = "`rules` is a text in double quotes, in which a backslash would mean something else"
        return (start, end), [
            Diagnostic("FCC006", "warning", message, place.key, help="use '''…'''", fix=fix)
        ]
    message = "`rules` is a text in double quotes with backslashes; it cannot be read where it stands"
    return None, [Diagnostic("FCC006", "error", message, place.key, help="use '''…'''", fix=fix)]
