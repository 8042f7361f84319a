"""A condition that no request can meet."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Label
from rules.lint.flow import analysed
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC302",
    "condition-never-true",
    "error",
    "a condition that no request can meet",
    """Its parts contradict each other, whatever stands above the route. The labels mark the fewest parts
that cannot hold together. Where one of several will do, `or` is meant; `in (…)` lists several values
of one fact.""",
    bad="""\
rules = '''
route small when task is title and task is search use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
    good="""\
rules = '''
route small when task in (title, search) use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for analysis, routes in analysed(context):
        for number, route in enumerate(analysis.routes):
            if not analysis.possible(number).never or route.condition is None:
                continue
            parts = analysis.conflict(number)
            labels = [Label(part.span, "this") for part in parts[:-1]]
            if labels:
                labels.append(Label(parts[-1].span, "and this exclude each other"))
            yield CODE.at(
                routes.place(route) if labels else route.condition.span,
                f"the condition of {routes.called(route)} is never true",
                labels=labels,
                help="no request is like that: correct the condition, or take the route out",
            )
