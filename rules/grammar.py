"""The parser made from `grammar.lark`.

Lark takes a quarter of a second to build it, so its tables are kept beside the grammar in `grammar.tables`,
behind what they were made from. When that does not fit, the parser is built from the grammar
instead: stale tables cost time, never correctness. After a change of the grammar: `python -m rules.grammar`.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path

import lark
from lark import Lark

from rules.lexer import Lexer

FOLDER = Path(__file__).parent
TABLES = "grammar.tables"


def text() -> str:
    return (FOLDER / "grammar.lark").read_text(encoding="utf-8")


def source() -> bytes:
    """What tables depend on: the version of Lark that keeps them, and the grammar."""
    return f"{lark.__version__}\n{text()}".encode()


def build(grammar: str, *, strict: bool = False) -> Lark:
    """The parser, from the grammar. `strict` raises `GrammarError` or `LexError` on any ambiguity."""
    plugins = {"ContextualLexer": Lexer}
    return Lark(
        grammar, parser="lalr", lexer="contextual", maybe_placeholders=False, strict=strict, _plugins=plugins
    )


def kept_tables() -> tuple[bytes, bytes]:
    """What the kept tables were made from, and the tables; empty when there are none."""
    kept = FOLDER / TABLES
    made_from, _, tables = (kept.read_bytes() if kept.is_file() else b"").partition(b"\0")
    return made_from, tables


@cache
def load() -> Lark:
    """The parser of the routes language; its trees keep every named terminal."""
    made_from, tables = kept_tables()
    return Lark.load(BytesIO(tables)) if made_from == source() else build(text())


def write_tables() -> None:
    """Makes `grammar.tables` anew."""
    made = BytesIO()
    build(text()).save(made)
    (FOLDER / TABLES).write_bytes(source() + b"\0" + made.getvalue())


if __name__ == "__main__":
    write_tables()
