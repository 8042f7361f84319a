"""Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars inside cells are escaped, line breaks become spaces."""
    lines = [_line(head), _line(["---"] * len(head)), *(_line(list(map(_cell, row))) for row in rows)]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def code(text: object) -> str:
    """In code type; nothing stays nothing."""
    return f"`{text}`" if str(text) else ""


def codes(words: Iterable[str]) -> str:
    return ", ".join(map(code, words))
