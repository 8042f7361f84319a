"""What may stand at the cursor. The grammar itself says it: the statement is read up to there, and Lark tells which
terminals it accepts next; names are then filled in from the file, the presets and the declared facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lark import Token, UnexpectedInput
from lark.utils import TextSlice

from fcc.lsp.file import File
from rules import nodes
from rules.build_statement import UNITS
from rules.facts import FACTS
from rules.grammar import load
from rules.keywords import MEANINGS, words
from rules.lint.fcc207_unknown_failure import FAILURES
from rules.names import statements_of
from rules.nodes import Span
from rules.parser import statement_starts
from rules.syntax_errors import KEYWORDS

Kind = Literal["keyword", "fact", "value", "model", "alias", "chain", "route", "failure", "unit", "variable"]

VARIABLES = ("MODEL", "AUTO_MODEL_ORDER")
FOREIGN = ("if",)
"""Words of other languages, which the grammar understands and nobody should be offered."""

_WORD_END = re.compile(r"[A-Za-z0-9_.:@~+/*?%-]*\Z")
_QUIET = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|(#|")')


@dataclass(frozen=True, slots=True)
class Suggestion:
    text: str
    kind: Kind
    detail: str = ""


def complete(file: File, offset: int) -> tuple[Span, list[Suggestion]]:
    """What may be written in place of the word that ends at the offset; its place."""
    line = file.text.rfind("\n", 0, offset) + 1
    found = _WORD_END.search(file.text, max(line, file.rules.start), offset)
    start = found.start() if found else offset
    if not file.in_rules(offset) or _in_text_or_remark(file.text[max(line, file.rules.start) : start]):
        return Span(offset, offset), []
    suggestions = {one.text: one for one in _suggestions(file, start)}
    return Span(start, offset), list(suggestions.values())


def _in_text_or_remark(before: str) -> bool:
    return any(match[1] for match in _QUIET.finditer(before))


def _suggestions(file: File, at: int) -> Iterator[Suggestion]:
    starts = [one for one in statement_starts(file.text, file.rules.start, at) if one < at]
    seen, accepts = _read(file.text, starts[-1] if starts else at, at)
    begins_line = not file.text[file.text.rfind("\n", 0, at) + 1 : at].strip()
    if "$END" in accepts and (begins_line or not seen):
        yield from (Suggestion(word, "keyword", MEANINGS[word]) for word in KEYWORDS)
    yield from _names(file, seen, accepts)
    for terminal in sorted(accepts):
        for word in words().get(terminal, ()):
            if word not in KEYWORDS and word not in FOREIGN:
                yield Suggestion(word, "keyword", MEANINGS[word])


def _read(text: str, start: int, at: int) -> tuple[list[Token], set[str]]:
    """The tokens before the cursor and the terminals that may follow; nothing after an error."""
    reading = load().parse_interactive(TextSlice(text, start, at))
    try:
        seen = list(reading.exhaust_lexer())
    except UnexpectedInput:
        return [], set()
    return seen, reading.accepts()


def _names(file: File, seen: list[Token], accepts: set[str]) -> Iterator[Suggestion]:
    """Names by what the grammar accepts and by the words before."""
    last = seen[-1].type if seen else ""
    if "GLOB" in accepts:
        yield from _globs(file)
    if "NAME" not in accepts or last in ("ALIAS", "CHAIN", "ROUTE"):
        return
    if last == "EXPECT":
        yield from (Suggestion(one.name.text, "route") for one in statements_of(file.document, nodes.Route))
    elif last == "ENV":
        yield from (Suggestion(name, "variable", file.env.get(name, "unset")) for name in VARIABLES)
    elif last == "PER" or (last == "REQUESTS" or last == "TOKENS"):
        yield from (Suggestion(unit, "unit") for unit in UNITS)
    elif last in ("ON", "FAILING") or _open_list(seen) == "ON":
        yield from (Suggestion(kind, "failure") for kind in FAILURES)
    elif {"HEADER", "REQUESTED"} <= accepts:
        yield from _facts()
        yield from _things(file)
    elif "HEADER" in accepts:
        yield from _facts()
    elif "REQUESTED" in accepts:
        yield from _models(file) if seen[0].type == "ALIAS" else _things(file)
    elif "NUMBER" in accepts or "CLOCK" in accepts:
        yield from _values(seen)


def _open_list(seen: list[Token]) -> str:
    """The terminal before the parenthesis that is open; empty when none is."""
    depth = 0
    for before, token in zip(reversed(["", *seen[:-1]]), reversed(seen), strict=True):
        depth += (token.type == "RPAR") - (token.type == "LPAR")
        if depth < 0:
            return before.type if isinstance(before, Token) else ""
    return ""


def _facts() -> Iterator[Suggestion]:
    for fact in FACTS.values():
        name = "header." if fact.kind == "header" else fact.name
        yield Suggestion(name, "fact", fact.doc)


def _values(seen: list[Token]) -> Iterator[Suggestion]:
    """The words of the fact that is tested."""
    for token in reversed(seen):
        if str(token) in FACTS:
            yield from (Suggestion(word, "value") for word in FACTS[str(token)].words)
            return


def _things(file: File) -> Iterator[Suggestion]:
    for statement in file.document.statements:
        if isinstance(statement, nodes.Alias):
            yield Suggestion(statement.name.text, "alias", statement.model.text)
        elif isinstance(statement, nodes.Chain):
            yield Suggestion(statement.name.text, "chain", file.text[slice(*_ends(statement.sequence.span))])
    yield from _models(file)


def _ends(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _models(file: File) -> Iterator[Suggestion]:
    for provider, preset in file.catalogue.items():
        yield from (Suggestion(f"{provider}/{model}", "model") for model in preset.models)
    yield from (Suggestion(f"{name}/", "model") for name in file.loaded.source.tables.get("providers", ()))


def _globs(file: File) -> Iterator[Suggestion]:
    yield Suggestion("*", "model", "every model")
    providers = [*file.catalogue, *file.loaded.source.tables.get("providers", ())]
    yield from (Suggestion(f"{name}/*", "model", f"every model of {name}") for name in providers)
