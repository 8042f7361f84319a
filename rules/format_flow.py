"""One statement as cells to be laid out: its words, where a line may break, and what lines up with what.

    route NAME | when CONDITION | ACTION          a cell is a list of items:
                                                  Text   a word as it is printed, with the remarks before it
                                                  BREAK  a line may end here
                                                  OPEN, CLOSE   continuation lines begin where OPEN stands

The words are those of the syntax tree, so nothing can be lost; commas and remarks, which the tree does not hold,
are read from the text between two words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, cast

import msgspec
from lark import Token, Tree
from msgspec.structs import replace

from rules.literals import number

Mark = Literal["open", "close", "break"]
OPEN: Mark = "open"
CLOSE: Mark = "close"
BREAK: Mark = "break"

FEW = ("NUMBER", "CLOCK")
"""Between two of these `..` stands without blanks; around a name it would be taken for a part of it."""

COUNTED = {"FAILURES": "failure", "REQUESTS": "request", "TOKENS": "token"}

_REMARK = re.compile(r"#[^\n]*")


class Remark(msgspec.Struct, frozen=True):
    """A comment inside a statement; `alone`: it has a line of its own."""

    text: str
    alone: bool


class Text(msgspec.Struct, frozen=True):
    """A word. `tight`: no blank before it; `comma`: one follows."""

    text: str
    tight: bool = False
    comma: bool = False
    remarks: tuple[Remark, ...] = ()
    """Comments that stand before it."""


Item = Text | Mark
Cell = list[Item]


def cells(text: str, tree: Tree) -> list[Cell]:
    """The columns of a statement; a route without a condition has an empty second one."""
    words = _Words(text, tree)
    found = [list(words.items(part)) for part in _columns(tree)]
    return [cell if index == 0 or not cell else [OPEN, *cell, CLOSE] for index, cell in enumerate(found)]


def _columns(tree: Tree) -> list[list[Token | Tree]]:
    parts = list(tree.children)
    match tree.data:
        case "alias" | "chain":
            return [parts[:2], parts[2:]]
        case "health" | "limit":
            return [parts[:1], parts[1:2], parts[2:]]
        case "route":
            return [parts[:2], parts[2:-1], parts[-1:]]
        case "expect":
            tried = [index for index, part in enumerate(parts) if _is(part, "TO")] or [len(parts)]
            return [parts[:2], parts[2 : tried[0]], parts[tried[0] :]]
        case _:
            return [parts]


def _is(part: Token | Tree, kind: str) -> bool:
    return isinstance(part, Token) and part.type == kind


class _Words:
    """The words of one statement, each with what the text has before it."""

    def __init__(self, text: str, tree: Tree) -> None:
        self.text = text
        self.tokens = list(tree.scan_values(lambda _: True))
        self.index = {id(token): index for index, token in enumerate(self.tokens)}

    def items(self, parts: list[Token | Tree]) -> Iterator[Item]:
        """The items of neighbouring parts; a line may break behind each comma between them."""
        for index, part in enumerate(parts):
            if index and self._behind_comma(part):
                yield BREAK
            yield from self._token(part) if isinstance(part, Token) else self._tree(part)

    def _tree(self, tree: Tree) -> Iterator[Item]:
        match tree.data:
            case "sequence":
                yield from self._sequence(tree)
            case "any" | "all":
                yield from self._before(tree, ("OR", "AND"))
            case "on_failures":
                yield from self._on(tree)
            case "both_variants" | "without_variant" | "label":
                yield BREAK
                yield from self.items(tree.children)
            case "group" | "in_values" | "not_in" | "refs" | "step":
                yield from self._listed(tree)
            case _:
                yield from self.items(tree.children)

    def _sequence(self, tree: Tree) -> Iterator[Item]:
        """What holds for all steps stands under the sequence, not under its last step."""
        last = tree.children[-1]
        shared = last.children[-1] if isinstance(last, Tree) else None
        whole = isinstance(shared, Tree) and shared.data == "trailing"
        steps = [*tree.children[:-1], Tree("step", last.children[:-1])] if whole else list(tree.children)
        cut = next((index + 1 for index, part in enumerate(steps) if _is(part, "ELSE")), 0)
        yield OPEN
        if cut:
            yield from self.items(steps[: cut - 1])
            yield BREAK
            yield from self.items(steps[cut - 1 : cut])
            yield OPEN
        yield from self._before(Tree("sequence", steps[cut:]), ("THEN",))
        if whole:
            yield BREAK
            yield from self.items(shared.children)
        yield from [CLOSE] * (2 if cut else 1)

    def _before(self, tree: Tree, kinds: tuple[str, ...]) -> Iterator[Item]:
        """A line may break before each word of these kinds."""
        yield OPEN
        for part in tree.children:
            if isinstance(part, Token) and part.type in kinds:
                yield BREAK
            yield from self.items([part])
        yield CLOSE

    def _listed(self, tree: Tree) -> Iterator[Item]:
        """Members line up behind the parenthesis, or with the first of them."""
        opening = next((index + 1 for index, part in enumerate(tree.children) if _is(part, "LPAR")), 0)
        closing = len(tree.children) - 1 if opening else len(tree.children)
        yield from self.items(tree.children[:opening])
        yield OPEN
        for index, part in enumerate(tree.children[opening:closing]):
            if index:
                yield BREAK
            yield from self.items([part])
        yield CLOSE
        yield from self.items(tree.children[closing:])

    def _on(self, tree: Tree) -> Iterator[Item]:
        """Parentheses around a single kind say nothing; they stay where they hold a remark."""
        first, last = cast(Token, tree.children[0]), cast(Token, tree.children[-1])
        names = [part for part in tree.children if _is(part, "NAME")]
        if len(names) > 1 or "#" in self.text[first.start_pos : last.end_pos]:
            yield from self._listed(tree)
            return
        yield from self._token(first)
        yield Text(str(names[0]), comma=self._comma(last))

    # --- words -----------------------------------------------------------------------------------------------

    def _token(self, token: Token) -> Iterator[Item]:
        before = self.tokens[self.index[id(token)] - 1] if self.index[id(token)] else None
        tight = token.type == "RPAR" or (before is not None and before.type == "LPAR")
        if "RANGE" in (token.type, before.type if before else None):
            tight = self._range_is_tight(token)
        word = Text(str(token), tight, self._comma(token), self._remarks(before, token))
        yield replace(word, text=_spelled(token, before)) if token.type in COUNTED else word

    def _range_is_tight(self, token: Token) -> bool:
        index = self.index[id(token)]
        at = index if token.type == "RANGE" else index - 1
        return self.tokens[at - 1].type in FEW and self.tokens[at + 1].type in FEW

    def _gap(self, before: Token | None, token: Token) -> str:
        return self.text[before.end_pos : token.start_pos] if before is not None else ""

    def _remarks(self, before: Token | None, token: Token) -> tuple[Remark, ...]:
        gap = self._gap(before, token)
        found = list(_REMARK.finditer(gap))
        return tuple(
            Remark(one[0].rstrip(), alone=index > 0 or "\n" in gap[: one.start()])
            for index, one in enumerate(found)
        )

    def _comma(self, token: Token) -> bool:
        index = self.index[id(token)] + 1
        return index < len(self.tokens) and "," in _REMARK.sub("", self._gap(token, self.tokens[index]))

    def _behind_comma(self, part: Token | Tree) -> bool:
        first = part if isinstance(part, Token) else next(iter(part.scan_values(lambda _: True)))
        index = self.index[id(first)]
        return index > 0 and self._comma(self.tokens[index - 1])


def _spelled(token: Token, count: Token | None) -> str:
    """`1 failure`, `3 failures`."""
    one = count is not None and count.type == "NUMBER" and number(str(count)) == 1
    return COUNTED[token.type] + ("" if one else "s")
