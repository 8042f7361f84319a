"""A test that does not fit the type of its fact."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.facts import FACTS
from rules.lint.registry import Context, LintCode
from rules.lint.values import given_problem, problem
from rules.nodes import Expect
from rules.walk import all_tests

CODE = LintCode(
    "FCC205",
    "wrong-type",
    "error",
    "a test that does not fit the type of its fact",
    """Numbers are compared (`>`, `in 1k..2k`), texts are matched (`is "glob"`), words are listed (`in
(title, search)`), flags stand alone, times are compared with times. Every fact always has a value,
so a flag needs no `is true`.""",
    bad="""\
rules = '''
route long when tokens is "120*" use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route long when tokens > 120k use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for test in all_tests(context.document):
        declared = FACTS.get(test.fact.name) if test.fact.name != "header" or test.fact.key else None
        found = problem(test, declared) if declared is not None else None
        if found is not None:
            yield CODE.at(found.span, found.message, help=found.help, fix=found.fix)
    for statement in context.document.statements:
        for given in statement.given if isinstance(statement, Expect) else ():
            declared = FACTS.get(given.fact.name)
            found = given_problem(given, declared) if declared is not None else None
            if found is not None:
                yield CODE.at(found.span, found.message, help=found.help, fix=found.fix)
