"""An expectation that does not hold."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Label
from rules.evaluate import plain, written
from rules.expectations import Expectations, Result
from rules.lint.flow import Routes
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC701",
    "failing-expect",
    "warning",
    "an expectation that does not hold",
    """An `expect` says which route takes a request, and who is tried when everyone who is asked fails. Either
the routes have changed and the expectation has not, or the change did more than was meant. Facts that are
not given are those of a short message to `claude-sonnet-4-5`. The file loads all the same, since what
a chain holds may depend on the environment; `fcc test` runs the same checks.""",
    bad="""\
rules = '''
route long when tokens > 120k use zen/glm-5-free
route rest use zen/minimax-m2.5-free
expect long given tokens 100k
'''
""",
    good="""\
rules = '''
route long when tokens > 120k use zen/glm-5-free
route rest use zen/minimax-m2.5-free
expect long given tokens 130k
expect rest given tokens 100k to try zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    if context.policy is None or not context.policy.expects:
        return
    expectations, routes = Expectations(context.policy, context.catalogue), Routes(context)
    for result in expectations.results():
        problem = expectations.problem(result)
        if problem is not None:
            labels = []
            if result.route is not None and not result.right_route:
                labels.append(Label(routes.place(result.route), "takes the request"))
            told = {name: plain(value) for name, value in result.view.said.items()}
            place = result.expect.route.span
            yield CODE.at(place, problem, help=_help(context, result), labels=labels, witness=told or None)


def _help(context: Context, result: Result) -> str | None:
    """Why the expected route did not take the request."""
    name = result.expect.route.text
    if result.right_route:
        return None
    if result.blocking is None:
        return f"`{name}` would take it, but stands further down"
    test = written(result.blocking.test, context.source.text)
    return f"`{name}` does not take it: `{test}`, and the value is {plain(result.blocking.saw)!r}"
