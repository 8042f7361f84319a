"""What the checks of names share: guesses at mistyped ones, and names in statements that were not read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rules.diagnostics import Edit, Fix
from rules.lint.registry import Context
from rules.nodes import Document, Health, Limit, Span, Word
from rules.suggest import did_you_mean


def guess(name: str, span: Span, known: Iterable[str]) -> tuple[str | None, Fix | None]:
    """Help and a fix for a mistyped name; the fix is not a safe one, since it is a guess."""
    close = did_you_mean(name, known)
    if close is None:
        return None, None
    return f"did you mean `{close}`?", Fix(f"write `{close}`", (Edit(span, close),), safe=False)


def unread(context: Context) -> str:
    """The text of the rules that is in no statement, remarks left out: what broken statements are made of.

    A statement with a syntax error defines and uses nothing; without this, names that it holds would be
    findings of their own.
    """
    text = context.source.text
    start, end = context.source.rules or (0, 0)
    ends = [start, *(statement.span.end for statement in context.document.statements)]
    starts = [*(statement.span.start for statement in context.document.statements), end]
    between = "\n".join(text[one:other] for one, other in zip(ends, starts, strict=True))
    return re.sub(r"#[^\n]*", "", between)


def mentioned(context: Context, keywords: Iterable[str]) -> set[str]:
    """Names behind one of the keywords in statements that could not be read."""
    return set(re.findall(rf"\b(?:{'|'.join(keywords)})\s+([A-Za-z0-9_-]+)", unread(context)))


def glob_words(document: Document) -> Iterator[Word]:
    """The patterns of `health` and `limit`."""
    for statement in document.statements:
        if isinstance(statement, Health | Limit):
            yield statement.glob
