"""A `health` statement that can never apply."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.lint.shadows import shadowed
from rules.nodes import Health

CODE = LintCode(
    "FCC306",
    "shadowed-health",
    "warning",
    "a `health` that can never apply",
    """Of several `health` statements the first whose pattern matches a model holds for it. This one stands
below patterns that match every model it could match. Put the particular ones first and `*` last.""",
    bad="""\
rules = '''
health *     3 failures in 30s, rest 30s
health zen/* 5 failures in 30s, rest 10s
route rest use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
health zen/* 5 failures in 30s, rest 10s
health *     3 failures in 30s, rest 30s
route rest use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    yield from shadowed(context, CODE, Health, "health")
