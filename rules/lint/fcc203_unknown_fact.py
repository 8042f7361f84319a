"""A condition about something that is no fact."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.facts import FACTS
from rules.lint.names import guess
from rules.lint.registry import Context, LintCode
from rules.walk import facts

CODE = LintCode(
    "FCC203",
    "unknown-fact",
    "error",
    "a condition about something that is no fact",
    """A condition may ask only about the facts of a request that the language declares; headers are
`header.NAME`.""",
    bad="""\
rules = '''
route long when token > 120k use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route long when tokens > 120k use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for fact in facts(context.document):
        if fact.name not in FACTS:
            advice, fix = guess(fact.name, fact.span, FACTS)
            advice = advice or f"facts are {', '.join(FACTS)}"
            yield CODE.at(fact.span, f"there is no fact `{fact.name}`", help=advice, fix=fix)
        elif fact.name == "header" and fact.key is None:
            advice = 'name the header: `header.x-team is "red"`'
            yield CODE.at(fact.span, "`header` alone is no fact", help=advice)
