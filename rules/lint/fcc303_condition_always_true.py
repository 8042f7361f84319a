"""A condition that every request meets."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Edit, Fix
from rules.lint.flow import analysed
from rules.lint.registry import Context, LintCode
from rules.nodes import Condition, Span

CODE = LintCode(
    "FCC303",
    "condition-always-true",
    "warning",
    "a condition that every request meets",
    """A `when` that excludes nothing reads like a restriction and is none. If every request is meant, leave
it out; the fix does so. Otherwise the condition says something else than was meant, often `or` where
`and` was.""",
    bad="""\
rules = '''
route rest when tokens >= 0 use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for analysis, routes in analysed(context):
        for number, route in enumerate(analysis.routes):
            if route.condition is None or route.offer is not None or not analysis.otherwise(number).never:
                continue
            yield CODE.at(
                route.condition.span,
                f"the condition of {routes.called(route)} is always true",
                help="leave out the `when`, or say which requests are meant",
                fix=_fix(context.source.text, routes.place(route), route.condition),
            )


def _fix(text: str, name: Span, condition: Condition) -> Fix | None:
    """Takes out everything from the route's name to the action; not where parentheses or a remark are in between."""
    before, after = text[name.end : condition.span.start], text[condition.span.end :]
    if before.split() != ["when"] or not after[:1].isspace() or after.lstrip()[:1] in ("", "#", ")"):
        return None
    gap = len(after) - len(after.lstrip())
    place = Span(name.end, condition.span.end + gap)
    return Fix("take out the `when`", (Edit(place, " "),), safe=False)
