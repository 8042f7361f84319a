"""Where the keys, table headers and values of a TOML text stand. Values themselves are tomllib's business.

tomllib keeps no positions, so this reads the text a second time, knowing only as much of TOML as it takes to
find where things begin and end. It does not validate: a line it cannot read it leaves and goes on with the
next. On every text that tomllib accepts its paths are the paths of tomllib's dictionary; `rules.source`
compares the two each time and the tests fuzz it.

    statement   = [key path] header | [[key path]] header | key path = value
    path        keys and array indexes from the root: ("providers", "work", "key"), ("rows", 0, "kind")
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from rules.nodes import Span

Kind = Literal[
    "table", "array", "basic string", "literal string", "multi-line basic", "multi-line literal", "plain"
]
Path = tuple[str | int, ...]


class Place(msgspec.Struct, frozen=True):
    """Where a key and its value stand. Of a table with a header, `value` is the header."""

    key: Span
    value: Span
    kind: Kind


class Scan(msgspec.Struct):
    """What one pass over the text found."""

    places: dict[Path, Place] = msgspec.field(default_factory=dict)
    comments: list[Span] = msgspec.field(default_factory=list)
    repeated: list[tuple[Path, Span]] = msgspec.field(default_factory=list)
    """Keys that stand a second time; `places` has the first."""
    unread: list[Span] = msgspec.field(default_factory=list)
    """Lines that are no TOML, and pairs whose key stands a second time."""
    too_much: Span | None = None
    """What was one too many to go on; then the rest was not read."""


MAX_PLACES = 20_000
"""Keys, tables and list entries that are looked at."""
MAX_PARTS = 32
"""Parts of a dotted key: it takes time that grows with their square."""

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"[ \t\r\n]*(?:#[^\n]*[ \t\r\n]*)*")
_COMMENT = re.compile(r"#[^\r\n]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LINE = re.compile(r"[^\n]*\n?")
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\]}#=]+")
_STRINGS: tuple[tuple[str, Kind, re.Pattern[str]], ...] = (
    ('"""', "multi-line basic", re.compile(r'"""[^\\"]*(?:(?:\\[\s\S]|"{1,2}(?!"))[^\\"]*)*"{3,5}')),
    ("'''", "multi-line literal", re.compile(r"'''[^']*(?:'{1,2}(?!')[^']*)*'{3,5}")),
    ('"', "basic string", re.compile(r'"[^\\"\n]*(?:\\[^\n][^\\"\n]*)*"')),
    ("'", "literal string", re.compile(r"'[^'\n]*'")),
)
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")


class _UnreadableError(Exception):
    """The statement at hand is no TOML."""


class _TooMuchError(Exception):
    """Bounded reading has come to its end."""

    def __init__(self, place: Span) -> None:
        super().__init__()
        self.place = place


def scan(text: str) -> Scan:
    """The places of everything in the text; what is broken is left out. Linear in the text, never raises."""
    scanner = _Scanner(text)
    at = 0
    while at < len(text):
        start = at = scanner.gap(at)
        if at >= len(text):
            break
        try:
            at = scanner.header(at) if text[at] == "[" else scanner.pair(at, scanner.table)
            at = scanner.line_end(at)
        except (_UnreadableError, RecursionError):
            at = _end(_LINE, text, start)
            scanner.found.unread.append(Span(start, at))
        except _TooMuchError as error:
            scanner.found.too_much = error.place
            scanner.found.unread.append(Span(start, len(text)))
            break
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Scan()
        self.table: Path = ()
        self.arrays: dict[Path, int] = {}
        """Arrays of tables made by `[[…]]` headers, and how many tables each has so far."""
        self.headed: set[Path] = set()

    def gap(self, at: int) -> int:
        """Past blanks, line ends and comments."""
        end = _end(_GAP, self.text, at)
        if end > at:
            self._comments(at, end)
        return end

    def _comments(self, start: int, end: int) -> None:
        while (start := self.text.find("#", start, end)) >= 0:
            comment = Span(start, _end(_COMMENT, self.text, start))
            self.found.comments.append(comment)
            start = comment.end

    def _blank(self, at: int) -> int:
        return _end(_BLANK, self.text, at)

    def _expect(self, sign: str, at: int) -> int:
        if not self.text.startswith(sign, at):
            raise _UnreadableError
        return at + len(sign)

    def line_end(self, at: int) -> int:
        at = self._blank(at)
        if at < len(self.text) and self.text[at] not in "#\r\n":
            raise _UnreadableError
        return at

    # --- statements ----------------------------------------------------------------------------------------

    def header(self, at: int) -> int:
        """`[a.b]` or `[[a.b]]`; what follows belongs to that table."""
        many = self.text.startswith("[[", at)
        names, end = self._keys(at + 1 + many)
        end = self._expect("]]" if many else "]", end)
        self.table = self._open(names, many, Span(at, end))
        return end

    def _open(self, names: list[tuple[str, Span]], many: bool, header: Span) -> Path:
        path: Path = ()
        for name, place in names[:-1]:
            path = (*path, name)
            self.found.places.setdefault(path, Place(place, header, "table"))
            if path in self.arrays:
                path = (*path, self.arrays[path] - 1)
        name, key = names[-1]
        path = (*path, name)
        if many:
            self.found.places.setdefault(path, Place(key, header, "array"))
            self.arrays[path] = self.arrays.get(path, 0) + 1
            path = (*path, self.arrays[path] - 1)
        if path in self.headed:
            self.found.repeated.append((path, key))
        else:
            self.headed.add(path)
            self.found.places[path] = Place(key, header, "table")
        return path

    def pair(self, at: int, table: Path) -> int:
        """`key.path = value`, in a table or an inline table."""
        names, at = self._keys(at)
        at = self._blank(self._expect("=", at))
        path = (*table, *(name for name, _ in names))
        key = names[-1][1]
        if path in self.found.places:
            self.found.repeated.append((path, key))
            end = _Scanner(self.text).value(at, path)[0]
            self.found.unread.append(Span(key.start, end))
            return end
        end, kind = self.value(at, path)
        value = Span(at, end)
        for depth in range(1, len(names)):
            parent = path[: len(table) + depth]
            self.found.places.setdefault(parent, Place(names[depth - 1][1], value, "table"))
        self.found.places[path] = Place(key, value, kind)
        return end

    def _keys(self, at: int) -> tuple[list[tuple[str, Span]], int]:
        """The names of a dotted key with their places, and where what follows it begins."""
        names: list[tuple[str, Span]] = []
        while True:
            at = self._blank(at)
            name, end = self._key(at)
            if len(names) == MAX_PARTS or len(self.found.places) >= MAX_PLACES:
                raise _TooMuchError(Span(at, end))
            names.append((name, Span(at, end)))
            at = self._blank(end)
            if not self.text.startswith(".", at):
                return names, at
            at += 1

    def _key(self, at: int) -> tuple[str, int]:
        bare = _BARE.match(self.text, at)
        if bare:
            return bare[0], bare.end()
        end, kind = self._string(at)
        raw = self.text[at + 1 : end - 1]
        if kind == "basic string":
            return _unescaped(raw), end
        if kind == "literal string":
            return raw, end
        raise _UnreadableError

    # --- values --------------------------------------------------------------------------------------------

    def value(self, at: int, path: Path) -> tuple[int, Kind]:
        """The end and the kind of the value; the places of what is inside it are recorded."""
        sign = self.text[at : at + 1]
        if sign == "[":
            return self._array(at, path), "array"
        if sign == "{":
            return self._inline_table(at, path), "table"
        if sign and sign in "\"'":
            return self._string(at)
        plain = _PLAIN.match(self.text, at)
        if plain is None:
            raise _UnreadableError
        return plain.end(), "plain"

    def _string(self, at: int) -> tuple[int, Kind]:
        for opening, kind, pattern in _STRINGS:
            if self.text.startswith(opening, at):
                whole = pattern.match(self.text, at)
                if whole is not None:
                    return whole.end(), kind
                break
        raise _UnreadableError

    def _array(self, at: int, path: Path) -> int:
        index = 0
        at = self.gap(at + 1)
        while not self.text.startswith("]", at):
            start = at
            at, kind = self.value(at, (*path, index))
            if len(self.found.places) >= MAX_PLACES:
                raise _TooMuchError(Span(start, at))
            self.found.places[(*path, index)] = Place(Span(start, at), Span(start, at), kind)
            index += 1
            at = self.gap(at)
            if not self.text.startswith("]", at):
                at = self.gap(self._expect(",", at))
        return at + 1

    def _inline_table(self, at: int, path: Path) -> int:
        at = self.gap(at + 1)
        while not self.text.startswith("}", at):
            at = self.gap(self.pair(at, path))
            if not self.text.startswith("}", at):
                at = self.gap(self._expect(",", at))
        return at + 1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where a match from `at` on ends; `at` itself when there is none."""
    match = pattern.match(text, at)
    return match.end() if match else at


def _unescaped(raw: str) -> str:
    def one(found: re.Match[str]) -> str:
        digits = found[1] or found[2] or found[3]
        return chr(int(digits, 16)) if digits else _SHORT.get(found[4], found[0])

    return _ESCAPE.sub(one, raw) if "\\" in raw else raw


def paths(tables: Mapping[str, object]) -> set[Path]:
    """Every path of a dictionary that tomllib made."""
    found: set[Path] = set()
    left: list[tuple[Path, object]] = [((), tables)]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            inner = [((*path, key), one) for key, one in value.items()]
        elif isinstance(value, list):
            inner = [((*path, index), one) for index, one in enumerate(value)]
        else:
            continue
        found.update(one for one, _ in inner)
        left.extend(inner)
    return found
