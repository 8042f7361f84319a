"""What all parts of the tree pass share: the findings, and the readings of tokens that may go wrong."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from lark import Token, Tree

from rules.diagnostics import Diagnostic, Edit, Fix, Label, Severity
from rules.literals import clock, number, quote, span, unquote
from rules.nodes import Span, Word

MAX_GLOB = 1_000
"""Longest pattern, in characters."""
PLAIN_ESCAPES = '"\\'


def tokens(tree: Tree, kind: str) -> list[Token]:
    """The direct children of a tree that are tokens of this kind."""
    return [child for child in tree.children if isinstance(child, Token) and child.type == kind]


def trees(tree: Tree, *names: str) -> list[Tree]:
    """The direct children of a tree that are trees of one of these rules."""
    return [child for child in tree.children if isinstance(child, Tree) and child.data in names]


class Builder(msgspec.Struct):
    """Collects the findings of one run over the text."""

    text: str
    findings: list[Diagnostic] = msgspec.field(default_factory=list)

    def report(
        self,
        code: str,
        message: str,
        place: Span,
        *,
        severity: Severity = "error",
        help: str | None = None,  # noqa: A002 - the field of a diagnostic is called so
        labels: Iterable[Label] = (),
        edits: Iterable[tuple[Span, str]] = (),
        title: str = "",
        safe: bool = True,
    ) -> None:
        """Adds a finding; with `edits` it carries a fix called `title`."""
        changes = tuple(Edit(where, text) for where, text in edits)
        fix = Fix(title, changes, safe) if changes else None
        self.findings.append(Diagnostic(code, severity, message, place, tuple(labels), help=help, fix=fix))

    def keyword(self, token: Token, ours: str) -> None:
        """Reports a word or sign of another language that stands for `ours`; ours itself is fine."""
        if token == ours:
            return
        place = span(token)
        before, after = self.text[place.start - 1 : place.start], self.text[place.end : place.end + 1]
        spaced = ours.isalpha()
        new = (" " * (spaced and before.isalnum())) + ours + (" " * (spaced and after.isalnum()))
        self.report(
            "FCC102",
            f"`{token}` is not a word of this language, `{ours}` is",
            place,
            edits=[(place, new)],
            title=f"write `{ours}`",
        )

    def string(self, token: Token) -> str:
        """The text of a quoted token; odd quotes and unknown escapes are reported."""
        raw = str(token)
        place = span(token)
        if token.type == "ODD_STRING":
            text = raw[1:-1]
            self.report(
                "FCC103",
                f"text stands in straight double quotes, not in {raw[0]}…{raw[-1]}",
                place,
                edits=[(place, quote(text))],
                title="use straight double quotes",
            )
            return text
        if "\\" in raw:
            self._escapes(raw, place.start)
        return unquote(raw)

    def _escapes(self, raw: str, offset: int) -> None:
        at = 1
        while (at := raw.find("\\", at, -1)) >= 0:
            if raw[at + 1] not in PLAIN_ESCAPES:
                place = Span(offset + at, offset + at + 2)
                self.report(
                    "FCC106",
                    f"`\\{raw[at + 1]}` is no escape",
                    place,
                    help=r"only `\"` and `\\` are; a backslash itself is written `\\`",
                    edits=[(Span(place.start, place.start), "\\")],
                    title="double the backslash",
                )
            at += 2

    def glob(self, text: str, place: Span) -> str:
        """A pattern; of one that is too long to be matched only the beginning is kept."""
        if len(text) > MAX_GLOB:
            message = f"this pattern has {len(text):,} characters; more than {MAX_GLOB:,} are not matched"
            self.report("FCC108", message, place)
        return text[:MAX_GLOB]

    def word(self, token: Token) -> Word:
        """A name or a quoted text, as one word with its place."""
        text = self.string(token) if token.type in ("STRING", "ODD_STRING") else str(token)
        return Word(text, span(token))

    def whole(self, token: Token, what: str) -> int:
        """A whole number; anything else is reported and rounded down."""
        value = number(str(token))
        if isinstance(value, float):
            self.report("FCC107", f"{what} is a whole number, found `{token}`", span(token))
        return int(value)

    def clock(self, token: Token) -> int:
        """Minutes after midnight; an impossible time is reported and read as midnight."""
        value = clock(str(token))
        if value is None:
            self.report(
                "FCC107", f"there is no time `{token}`", span(token), help="times run from `00:00` to `24:00`"
            )
        return value or 0

    def duplicate(self, what: str, again: Span, first: Span) -> None:
        """Reports an option that is said twice."""
        self.report(
            "FCC212",
            f"`{what}` is said twice",
            again,
            labels=[Label(first, "first said here")],
            help="keep one of them",
        )
