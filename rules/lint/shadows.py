"""Statements whose pattern matches only models that earlier statements of their kind match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules.covers import smallest_cover
from rules.diagnostics import Diagnostic, Label
from rules.glob_automata import UndecidedError, text_between
from rules.globs import bits, matches
from rules.lint.registry import Context, LintCode
from rules.names import statements_of
from rules.nodes import Health, Limit, Word

MOST = 200
"""Statements of one kind that are looked at; each is compared to all before it."""
ANY_MODEL = "?*/?*"
"""What every model id is like."""


def shadowed(context: Context, code: LintCode, kind: type[Health | Limit], word: str) -> Iterator[Diagnostic]:
    """A finding for each; what cannot be decided is `undecided_patterns`."""
    globs = [statement.glob for statement in statements_of(context.document, kind)]
    for number, glob in enumerate(globs[:MOST]):
        try:
            cover = _cover(globs[:number], glob.text)
        except UndecidedError:
            continue
        if not cover:
            continue
        labels = [
            Label(one.span, f"takes {'the rest' if count else 'all of these'}")
            for count, one in enumerate(cover)
        ]
        yield code.at(
            glob.span,
            f"this {word} can never apply: every model that `{glob.text}` matches has one already",
            labels=[*labels, Label(glob.span, "nothing is left for this pattern")],
            help=f"the first {word} that matches a model holds: move this one above `{cover[0].text}`",
        )


def undecided_patterns(context: Context) -> Iterator[Word]:
    """The last one may stand for all behind it."""
    for kind in (Health, Limit):
        globs = [statement.glob for statement in statements_of(context.document, kind)]
        for number, glob in enumerate(globs[:MOST]):
            try:
                _cover(globs[:number], glob.text)
            except UndecidedError:
                yield glob
        yield from globs[MOST : MOST + 1]


def _cover(earlier: Sequence[Word], glob: str) -> list[Word]:
    """The fewest earlier patterns that together match every model the glob does; empty when some are left.

    A pattern that matches no model at all is another finding's matter. Raises `UndecidedError`.
    """
    if text_between((glob, ANY_MODEL), ()) is None:
        return []
    all_ = (1 << len(earlier)) - 1

    def left_over(chosen: int) -> int:
        taken = tuple(earlier[one].text for one in bits(chosen))
        model = text_between((glob, ANY_MODEL), taken)
        return (
            0 if model is None else sum(1 << n for n, one in enumerate(earlier) if matches(one.text, model))
        )

    if text_between((glob, ANY_MODEL), tuple(one.text for one in earlier)) is not None:
        return []
    return [earlier[one] for one in bits(smallest_cover(left_over, all_))]
