"""A `limit` statement that can never apply."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.lint.shadows import shadowed
from rules.nodes import Limit

CODE = LintCode(
    "FCC307",
    "shadowed-limit",
    "warning",
    "a `limit` that can never apply",
    """Of several `limit` statements the first whose pattern matches a model holds for it, and no other. This
one stands below patterns that match every model it could match, so that it limits nothing. Put the
particular ones first. One statement may say a rate and a number at once: `40 per minute, 6 at once`.""",
    bad="""\
rules = '''
limit zen/*       9999 per minute
limit zen/glm-*   10 per minute
route rest use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
limit zen/glm-*   10 per minute
limit zen/*       9999 per minute
route rest use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    yield from shadowed(context, CODE, Limit, "limit")
