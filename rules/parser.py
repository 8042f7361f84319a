"""Text to syntax tree. The rules are parsed where they stand, so spans are offsets into the whole file.

A syntax error costs its own statement only: the keywords that begin statements are reserved, so the parser
goes on at the next one that begins a line. What is read is bounded (`MAX_CHARACTERS`, `MAX_ERRORS`,
`MAX_DEPTH`), and time and memory are linear in it: a stretch of text is read at most twice, once up to an
error and once up to the statement the error is in.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import pairwise

import msgspec
from lark import Lark, Token, Tree, UnexpectedInput, UnexpectedToken
from lark.utils import TextSlice

from rules import nodes
from rules.build_statement import statements
from rules.builder import Builder
from rules.diagnostics import Diagnostic
from rules.grammar import load
from rules.nodes import Document, Span
from rules.syntax_errors import KEYWORDS, describe

MAX_CHARACTERS = 500_000
"""Longest rules text that is read at all, in characters; some five thousand routes."""

MAX_ERRORS = 100
"""Syntax errors after which reading stops."""

BATCH = 200
"""Statements that are read at a time."""

_STARTS = re.compile(
    r"#[^\n]*"
    r'|"(?:[^"\\\n]|\\[^\n])*"?'
    r"|'[^'\n]*'"
    r"|[“”„‟«»‘’‚‛][^“”„‟«»‘’‚‛\"\n]*[“”„‟«»‘’‚‛\"]"
    rf"|(?<![A-Za-z0-9_.:@~+/*?-])({'|'.join(KEYWORDS)})(?![A-Za-z0-9_.:@~+/*?-])"
)
_LINES = re.compile(rf"^[ \t\r\f]*({'|'.join(KEYWORDS)})(?![A-Za-z0-9_.:@~+/*?-])", re.MULTILINE)


def parse(text: str, start: int = 0, end: int | None = None) -> tuple[Document, list[Diagnostic]]:
    """The statements in `text[start:end]` and the findings, both in file order. Never raises on any text."""
    end = len(text) if end is None else end
    builder = Builder(text)
    if end - start > MAX_CHARACTERS:
        message = f"the rules are longer than {MAX_CHARACTERS:,} characters; none of them was read"
        builder.report("FCC108", message, Span(start, start + 1))
        return Document(()), builder.findings
    starts = statement_starts(text, start, end)
    lines = [found.start(1) for found in _LINES.finditer(text, start, end)]
    run = _Run(load(), builder, starts, lines)
    built: list[nodes.Statement] = []
    # In batches, so that the trees, ten times the size of the nodes, are gone before the next are made.
    for low, high in pairwise([start, *lines[BATCH::BATCH], end]):
        run.read(low, high)
        built.extend(statements(builder, run.trees))
        run.trees.clear()
    found = sorted(builder.findings, key=lambda one: (one.span.start, one.span.end))
    return Document(tuple(built)), found


def statement_starts(text: str, start: int, end: int) -> list[int]:
    """Where statements begin, readable or not: the offsets of their keywords, outside of text and comments."""
    return [found.start(1) for found in _STARTS.finditer(text, start, end) if found[1]]


class _Run(msgspec.Struct):
    """One pass over the text: the statements that could be read, and an error for each that could not."""

    lark: Lark
    builder: Builder
    starts: list[int]
    """Where statements begin: the offsets of their keywords, outside of text and comments."""
    lines: list[int]
    """Those of them that begin a line."""
    trees: list[Tree[Token]] = msgspec.field(default_factory=list)
    errors: int = 0

    def read(self, start: int, end: int) -> None:
        while start < end and self.errors < MAX_ERRORS:
            try:
                tree = self.lark.parse(TextSlice(self.builder.text, start, end))
            except UnexpectedInput as error:
                start = self._recover(error, start, end)
            else:
                self.trees.extend(child for child in tree.children if isinstance(child, Tree))
                return

    def _recover(self, error: UnexpectedInput, start: int, end: int) -> int:
        """Reports the error, keeps the statements before it; returns where to go on."""
        at = _place(error, end)
        index = bisect_right(self.starts, at) - 1
        cut_short = index >= 0 and self.starts[index] == at and at > start
        broken = index - 1 if cut_short else index
        if broken >= 0 and self.starts[broken] > start:
            self.read(start, self.starts[broken])
        self.errors += 1
        self.builder.findings.append(describe(error, self.builder.text, at, cut_short or at >= end))
        if self.errors == MAX_ERRORS:
            message = f"more than {MAX_ERRORS} syntax errors; the rest of the rules was not read"
            self.builder.report("FCC108", message, Span(at, min(at + 1, end)))
        following = bisect_left(self.lines, at) if cut_short else bisect_right(self.lines, at)
        return min(self.lines[following], end) if following < len(self.lines) else end


def _place(error: UnexpectedInput, end: int) -> int:
    if isinstance(error, UnexpectedToken):
        return end if error.token.type == "$END" else error.token.start_pos or 0
    return error.pos_in_stream or 0
