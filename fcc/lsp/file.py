"""A file that is open in an editor: its text, what it means, and positions as editors count them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rules import parser
from rules.catalogue import Catalogue
from rules.names import Names
from rules.nodes import Document, Span
from rules.policy import Loaded, load

_NAMED = re.compile(r"(?:.*[.-])?routes(?:[.-].*)?\.toml")
_RULES = re.compile(r"^[ \t]*rules[ \t]*=[ \t]*(?:'''|\"\"\"|'|\")", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z0-9_.:@~+/*?%-]+")


def is_ours(path: str, text: str) -> bool:
    """Whether a file is a policy: by its name, or being TOML with `rules`."""
    name = Path(path).name
    return bool(_NAMED.fullmatch(name)) or (name.endswith(".toml") and _RULES.search(text) is not None)


@dataclass(frozen=True)
class File:
    """The text as the editor has it. Everything else is read from it when it is first asked for."""

    path: str
    text: str
    env: Mapping[str, str]
    catalogue: Catalogue

    @cached_property
    def loaded(self) -> Loaded:
        data = self.text.encode("utf-8", "surrogatepass")
        return load(data, path=self.path, env=self.env, catalogue=self.catalogue)

    @cached_property
    def rules(self) -> Span:
        """Where the rules stand; empty when they cannot be read in place."""
        return Span(*(self.loaded.source.rules or (0, 0)))

    @cached_property
    def document(self) -> Document:
        return parser.parse(self.text, self.rules.start, self.rules.end)[0]

    @cached_property
    def names(self) -> Names:
        return Names(self.document, self.env)

    def in_rules(self, offset: int) -> bool:
        return self.rules.start <= offset <= self.rules.end and self.rules.start < self.rules.end

    def word(self, offset: int) -> Span:
        """The word around an offset; empty when there is none."""
        line = self.text.rfind("\n", 0, offset) + 1
        for found in _WORD.finditer(self.text, line):
            if found.start() > offset:
                break
            if found.end() >= offset:
                return Span(*found.span())
        return Span(offset, offset)

    # --- positions: lines from zero, columns in UTF-16 units -------------------------------------------------

    @cached_property
    def _starts(self) -> list[int]:
        return self.loaded.source.lines.starts

    def position(self, offset: int) -> tuple[int, int]:
        line, column = self.loaded.source.lines.place(offset)
        start = self._starts[line - 1]
        return line - 1, utf16(self.text[start : start + column - 1])

    def offset(self, line: int, character: int) -> int:
        """A place behind the end of its line is the end of it."""
        if line >= len(self._starts):
            return len(self.text)
        at = self._starts[line]
        end = self._starts[line + 1] - 1 if line + 1 < len(self._starts) else len(self.text)
        while at < end and character > 0:
            character -= utf16(self.text[at])
            at += 1
        return at


def utf16(text: str) -> int:
    return len(text) + sum(sign > "\uffff" for sign in text)
