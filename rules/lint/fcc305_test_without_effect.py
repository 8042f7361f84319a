"""A test that could go without a change."""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis import Idle
from rules.diagnostics import Diagnostic
from rules.lint.flow import analysed
from rules.lint.registry import Context, LintCode
from rules.policy_types import PolicyRoute

CODE = LintCode(
    "FCC305",
    "test-without-effect",
    "warning",
    "a test that could go without a change",
    """With and without it the route takes exactly the same requests. When the rest of the condition says it
already, the test is a slip or a leftover. When only the routes above make it so, the finding is a
note: spelling out what is left may be meant, but it goes on reading like a restriction when those
routes change.

Parts are looked at one by one, and those found are taken to be gone for the next, so all that are
reported can go together.""",
    bad="""\
rules = '''
route long when tokens > 120k and tokens > 100k use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
    good="""\
rules = '''
route long when tokens > 120k use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
)

WHAT = {"test": "this test", "value": "this value", "condition": "this condition"}


def check(context: Context) -> Iterator[Diagnostic]:
    for analysis, _ in analysed(context):
        for number, route in enumerate(analysis.routes):
            if route.offer is None and not analysis.otherwise(number).never:
                yield from (_finding(route, idle) for idle in analysis.idle(number))


def _finding(route: PolicyRoute, idle: Idle) -> Diagnostic:
    what = WHAT[idle.variant.what]
    if idle.own:
        message = f"{what} of route `{route.name}` has no effect: the rest of the condition says it already"
        return CODE.at(idle.variant.left_out, message, help="take it out")
    message = f"{what} of route `{route.name}` has no effect: the routes above leave nothing else"
    advice = "take it out, or keep it with `# fcc: allow test-without-effect because …`"
    return CODE.at(idle.variant.left_out, message, help=advice, severity="note")
