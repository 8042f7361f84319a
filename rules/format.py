"""`fcc fmt`: one way to write a policy. Layout and spelling change; meaning, order and remarks do not.

Statements of a kind that follow each other are aligned in columns, long ones continue on the next line where their
part began, and habits of other languages that lint has a fix for are written as the language writes them. Of the
TOML part only trailing blanks and the end of the file are touched.

    text ─ spelling ─▶ text ─ parse ─▶ statements and the gaps between them ─ rows ─▶ lines ─▶ text

The result is parsed again and compared with what was read: a text that would mean something else is not returned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, cast

import msgspec
from lark import Tree
from lark.utils import TextSlice

from rules import nodes, parser, source
from rules.diagnostics import Diagnostic
from rules.fixes import apply
from rules.format_fill import lines, starts
from rules.format_flow import Cell, cells
from rules.grammar import load
from rules.nodes import Document, Span
from rules.parser import BATCH
from rules.source import Source

SPELLINGS = ("FCC006", "FCC102", "FCC103")
"""Findings that are mended on the way: quotes around `rules`, words of other languages, odd quotes."""

MAX_ROUNDS = 10
"""Times they are looked for again: one fix may wait for another."""

SYNTAX = ("FCC0", "FCC1")
"""Families of findings with which a file is not laid out, being not understood."""

ALIGNED_TOGETHER = {nodes.Limit: nodes.Health}
"""Kinds that share their columns with another."""

_BLANKS = re.compile(r"[ \t]+(?=\r?\n)")


class CannotFormatError(Exception):
    """The text has errors of syntax; `findings` are those, with their places in the text that was given."""

    def __init__(self, findings: Iterable[Diagnostic]) -> None:
        self.findings = tuple(findings)
        super().__init__(f"{len(self.findings)} syntax errors")


def formatted(text: str) -> str:
    """The whole file, laid out. Raises `CannotFormatError`."""
    found, document, findings = _read(text)
    given = findings
    for _ in range(MAX_ROUNDS):
        text, mended = apply(text, [one for one in findings if one.code in SPELLINGS])
        if not mended:
            break
        found, document, findings = _read(text)
    errors = [one for one in findings if one.severity == "error" and one.code.startswith(SYNTAX)]
    if errors or found.rules is None:
        raise CannotFormatError(one for one in given if one.code.startswith(SYNTAX))
    made = _assembled(found, document)
    again = _read(made)[1]
    if not same(document, again):
        raise AssertionError("formatting changed the meaning of the rules")
    return made


def _read(text: str) -> tuple[Source, Document, list[Diagnostic]]:
    found, findings = source.read(text.encode("utf-8", "surrogatepass"), "")
    if found.rules is None:
        return found, Document(()), findings
    document, about = parser.parse(found.text, *found.rules)
    return found, document, findings + about


def same(one: Any, other: Any) -> bool:
    """Whether two documents, policies or parts of them are equal but for the places they stand at."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Span):
        return True
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, msgspec.Struct):
        return all(same(getattr(one, name), getattr(other, name)) for name in one.__struct_fields__)
    return one == other


# --- the file -------------------------------------------------------------------------------------------------


def _assembled(found: Source, document: Document) -> str:
    text = found.text
    place = found.place("rules")
    end = "\r\n" if "\r\n" in text else "\n"
    quotes = text[place.value.start : place.value.start + 3]
    if quotes not in ("'''", '"""'):
        quotes = "'''"
    body = end.join(["", *_rules(found, document), ""])
    tail = _trimmed(text, place.value.end, len(text), found)
    made = f"{_trimmed(text, 0, place.value.start, found)}{quotes}{body}{quotes}{tail}"
    return made.rstrip(" \t\r\n") + end


def _trimmed(text: str, start: int, end: int, found: Source) -> str:
    """A part of the TOML without blanks at the ends of lines, texts of several lines left as they are."""
    whole = [one.value for one in found.places.values() if one.kind.startswith("multi-line")]

    def kept(match: re.Match[str]) -> str:
        at = match.start() + start
        return match[0] if any(one.start <= at < one.end for one in whole) else ""

    return _BLANKS.sub(kept, text[start:end])


# --- the rules ------------------------------------------------------------------------------------------------


class _Row(msgspec.Struct):
    """A statement, the remark behind it and the lines that follow before the next."""

    node: nodes.Statement
    cells: list[Cell]
    remark: str
    after: list[str]


def _rules(found: Source, document: Document) -> Iterator[str]:
    """The lines between the quotes."""
    text, (start, end) = found.text, cast(tuple[int, int], found.rules)
    places = [statement.span for statement in document.statements]
    gaps = [
        text[one:other].split("\n")
        for one, other in zip(
            [start, *(place.end for place in places)], [*(place.start for place in places), end], strict=True
        )
    ]
    head, *rest = [[line.strip() for line in gap] for gap in gaps]
    yield from _between(head, last=not rest)
    rows = [
        _Row(node, laid, gap[0], _between(["", *gap[1:]], last=index == len(rest) - 1))
        for index, (node, laid, gap) in enumerate(
            zip(document.statements, _cells(text, document.statements), rest, strict=True)
        )
    ]
    for group in _groups(rows):
        yield from _printed(group)


def _between(gap: list[str], *, last: bool) -> list[str]:
    """Remarks and empty lines of a gap. Its first line belongs to what stands before, its last to what follows;
    at the ends of the rules a remark may stand there."""
    inner = gap[1:] if last else gap[1:-1]
    inner = inner[:-1] if last and inner and not inner[-1] else inner
    return [*gap[:1], *inner] if gap[0] else inner


def _cells(text: str, statements: Sequence[nodes.Statement]) -> Iterator[list[Cell]]:
    """Of each statement. They are read in batches: what Lark does for each text it is given is linear in its start."""
    for first in range(0, len(statements), BATCH):
        batch = statements[first : first + BATCH]
        tree = load().parse(TextSlice(text, batch[0].span.start, batch[-1].span.end))
        yield from (cells(text, child) for child in tree.children if isinstance(child, Tree))


def _groups(rows: list[_Row]) -> Iterator[list[_Row]]:
    """Statements of a kind without an empty line between them."""
    number = 0
    numbered = []
    for index, row in enumerate(rows):
        before = rows[index - 1] if index else None
        if before and (_kind(before) is not _kind(row) or "" in before.after):
            number += 1
        numbered.append((number, row))
    for _, group in groupby(numbered, key=lambda one: one[0]):
        yield [row for _, row in group]


def _kind(row: _Row) -> type:
    return ALIGNED_TOGETHER.get(type(row.node), type(row.node))


def _printed(group: list[_Row]) -> Iterator[str]:
    columns = starts([row.cells for row in group])
    laid = [lines(row.cells, columns) for row in group]
    for row, made, column in zip(group, laid, _remark_columns(group, laid), strict=True):
        if row.remark:
            made[-1] = f"{made[-1].ljust(column)}  {row.remark}"
        yield from made
        yield from row.after


def _remark_columns(group: list[_Row], laid: list[list[str]]) -> list[int]:
    """Where the remarks behind statements stand: below each other on neighbouring lines."""
    columns = [len(made[-1]) for made in laid]
    start = 0
    for index, row in enumerate(group):
        together = index > start and row.remark and len(laid[index]) == 1 and not group[index - 1].after
        start = start if together and group[index - 1].remark else index
        widest = max(columns[start : index + 1])
        columns[start : index + 1] = [widest] * (index + 1 - start)
    return columns
