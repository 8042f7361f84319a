"""A route that no expectation reaches."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.expectations import Expectations
from rules.lint.flow import Routes
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC702",
    "untested-route",
    "note",
    "a route that no expectation reaches",
    """The file has expectations, and none of their requests is taken by this route: it could be changed or
moved without any of them noticing. Write one that reaches it. A file without any `expect` is left alone.""",
    bad="""\
rules = '''
route long when tokens > 120k use zen/glm-5-free
route rest use zen/minimax-m2.5-free
expect rest given tokens 100k
'''
""",
    good="""\
rules = '''
route long when tokens > 120k use zen/glm-5-free
route rest use zen/minimax-m2.5-free
expect rest given tokens 100k
expect long given tokens 130k
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    if context.policy is None or not context.policy.expects:
        return
    expectations, routes = Expectations(context.policy, context.catalogue), Routes(context)
    for route in expectations.unreached(expectations.results()):
        yield CODE.at(routes.place(route), f"no `expect` reaches {routes.called(route)}")
