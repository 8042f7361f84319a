"""A negation of a negation."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Edit, Fix
from rules.lint.registry import Context, LintCode
from rules.nodes import And, Condition, Not, Or, Route, Span

CODE = LintCode(
    "FCC803",
    "double-negation",
    "warning",
    "a negation of a negation",
    """Two `not` in a row take each other back. Leave both out; the fix does so.""",
    bad="""\
rules = '''
route typed when not not stream use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
    good="""\
rules = '''
route typed when stream use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for statement in context.document.statements:
        if isinstance(statement, Route) and statement.condition is not None:
            for outer, inner in _pairs(statement.condition):
                yield _finding(context.source.text, outer, inner)


def _pairs(condition: Condition) -> Iterator[tuple[Not, Not]]:
    match condition:
        case Not(item=Not() as inner):
            yield condition, inner
            yield from _pairs(inner.item)
        case Not():
            yield from _pairs(condition.item)
        case And() | Or():
            for item in condition.items:
                yield from _pairs(item)
        case _:
            return


def _finding(text: str, outer: Not, inner: Not) -> Diagnostic:
    between = text[outer.span.start : inner.item.span.start]
    plain = between.split() == ["not", "not"]
    fix = Fix("take out both", (Edit(Span(outer.span.start, inner.item.span.start), ""),)) if plain else None
    return CODE.at(outer.span, "one `not` takes back the other", help="leave out both", fix=fix)
