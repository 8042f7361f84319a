"""Conditions: trees to nodes. A word or quoted text is read by the type of the fact it is tested against."""

from __future__ import annotations

from typing import cast

from lark import Token, Tree

from rules import nodes
from rules.builder import Builder, tokens, trees
from rules.facts import FACTS
from rules.literals import number, span
from rules.nodes import Span

MAX_DEPTH = 64
TEXT_KINDS = ("text", "set", "header")
SPELLINGS = {"==": "=", "=>": ">=", "=<": "<="}


class TooDeepError(Exception):
    """A condition nests deeper than the walks over it allow; the span is the part that is too deep."""

    def __init__(self, place: Span) -> None:
        super().__init__()
        self.place = place


def condition(builder: Builder, tree: Tree, depth: int = 0) -> nodes.Condition:
    """Raises `TooDeepError` below `MAX_DEPTH` levels."""
    if depth > MAX_DEPTH:
        raise TooDeepError(span(tree))
    if tree.data == "parenthesis":
        return condition(builder, cast(Tree, tree.children[1]), depth + 1)
    if tree.data == "negation":
        builder.keyword(cast(Token, tree.children[0]), "not")
        return nodes.Not(condition(builder, cast(Tree, tree.children[1]), depth + 1), span(tree))
    if tree.data in ("any", "all"):
        return _junction(builder, tree, depth)
    return _TESTS[tree.data](builder, tree)


def _junction(builder: Builder, tree: Tree, depth: int) -> nodes.And | nodes.Or:
    word = "or" if tree.data == "any" else "and"
    for token in tokens(tree, word.upper()):
        builder.keyword(token, word)
    parts = [child for child in tree.children if isinstance(child, Tree)]
    if word == "or":
        for part in parts:
            if part.data == "all":
                _mixed(builder, part)
    items = tuple(condition(builder, part, depth + 1) for part in parts)
    return nodes.Or(items, span(tree)) if word == "or" else nodes.And(items, span(tree))


def _mixed(builder: Builder, part: Tree) -> None:
    place = span(part)
    builder.report(
        "FCC802",
        "`and` and `or` are mixed without parentheses",
        place,
        severity="warning",
        help="`and` binds tighter; parentheses say so",
        edits=[(Span(place.start, place.start), "("), (Span(place.end, place.end), ")")],
        title="add the parentheses",
    )


def fact_name(tree: Tree) -> nodes.FactName:
    """`header.X-Team` is the fact `header` with the key `x-team`."""
    token = cast(Token, tree.children[0])
    if token.type == "HEADER":
        return nodes.FactName("header", str(token)[len("header.") :].lower(), span(token))
    return nodes.FactName(str(token), None, span(token))


def value(builder: Builder, tree: Tree, fact: nodes.FactName) -> nodes.Value:
    """A literal. A bare word tested against a text is a glob without wildcards; a quoted word is a word again
    where the fact has that word."""
    token = cast(Token, tree.children[0])
    place = span(token)
    if token.type == "NUMBER":
        return nodes.Value(number(str(token)), "number", place)
    if token.type == "CLOCK":
        return nodes.Value(builder.clock(token), "clock", place)
    declared = FACTS.get(fact.name)
    text = builder.word(token).text
    if declared is not None and declared.kind in TEXT_KINDS:
        return nodes.Value(builder.glob(text, place), "glob", place)
    quoted = token.type in ("STRING", "ODD_STRING")
    if quoted and not (declared is not None and text in declared.words):
        return nodes.Value(builder.glob(text, place), "glob", place)
    return nodes.Value(text, "word", place)


def _parts(builder: Builder, tree: Tree) -> tuple[nodes.FactName, tuple[nodes.Value, ...]]:
    fact = fact_name(cast(Tree, tree.children[0]))
    return fact, tuple(value(builder, child, fact) for child in trees(tree, "value"))


def _is_value(builder: Builder, tree: Tree) -> nodes.Is:
    fact, values = _parts(builder, tree)
    return nodes.Is(fact, values[0], span(tree))


def _in_values(builder: Builder, tree: Tree) -> nodes.In:
    fact, values = _parts(builder, tree)
    return nodes.In(fact, values, span(tree))


def _in_range(builder: Builder, tree: Tree) -> nodes.Within:
    fact, (low, high) = _parts(builder, tree)
    return nodes.Within(fact, low, high, span(tree))


def _compare(builder: Builder, tree: Tree) -> nodes.Compare | nodes.Is:
    fact, values = _parts(builder, tree)
    token = cast(Token, tree.children[1])
    if token == "==" and values[0].kind in ("word", "glob"):
        builder.keyword(token, "is")
        return nodes.Is(fact, values[0], span(tree))
    sign = SPELLINGS.get(str(token), str(token))
    builder.keyword(token, sign)
    return nodes.Compare(fact, cast(nodes.Operator, sign), values[0], span(tree))


def _flag(_: Builder, tree: Tree) -> nodes.Flag:
    return nodes.Flag(fact_name(cast(Tree, tree.children[0])), span(tree))


def _inverted(builder: Builder, tree: Tree, inner: nodes.Test, place: Span, ours: str) -> nodes.Not:
    """Reports a `not` inside a test; the fix moves it to the front and leaves `ours` in its place."""
    builder.report(
        "FCC102",
        "`not` stands before the whole test",
        place,
        edits=[(Span(span(tree).start, span(tree).start), "not "), (place, ours)],
        title="move `not` to the front",
    )
    return nodes.Not(inner, span(tree))


def _is_not(builder: Builder, tree: Tree) -> nodes.Not:
    place = Span(span(tokens(tree, "IS")[0]).start, span(tokens(tree, "NOT")[0]).end)
    return _inverted(builder, tree, _is_value(builder, tree), place, "is")


def _not_in(builder: Builder, tree: Tree) -> nodes.Not:
    place = Span(span(tokens(tree, "NOT")[0]).start, span(tokens(tree, "IN")[0]).end)
    return _inverted(builder, tree, _in_values(builder, tree), place, "in")


def _differs(builder: Builder, tree: Tree) -> nodes.Not:
    fact, (value_,) = _parts(builder, tree)
    place = span(cast(Token, tree.children[1]))
    if value_.kind in ("number", "clock"):
        inner: nodes.Test = nodes.Compare(fact, "=", value_, span(tree))
        return _inverted(builder, tree, inner, place, "=")
    return _inverted(builder, tree, nodes.Is(fact, value_, span(tree)), place, "is")


_TESTS = {
    "is_value": _is_value,
    "in_values": _in_values,
    "in_range": _in_range,
    "compare": _compare,
    "flag": _flag,
    "is_not": _is_not,
    "not_in": _not_in,
    "differs": _differs,
}
