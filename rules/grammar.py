"""The parser made from `grammar.lark`, built when it is first asked for."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from lark import Lark
from lark.lexer import ContextualLexer

OPTIONS = {"parser": "lalr", "lexer": "contextual", "maybe_placeholders": False}


class _TrustingLexer(ContextualLexer):
    """Without the search for terminals that overlap, which takes a second; a test makes it once, strictly."""

    def __init__(self, conf, states, always_accept=()) -> None:
        conf.skip_validation = True
        super().__init__(conf, states, always_accept)


def text() -> str:
    return files("rules").joinpath("grammar.lark").read_text(encoding="utf-8")


@cache
def load() -> Lark:
    """The parser of the routes language; its trees keep every named terminal."""
    return Lark(text(), _plugins={"ContextualLexer": _TrustingLexer}, **OPTIONS)
