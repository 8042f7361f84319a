"""A value the fact never has."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.facts import FACTS
from rules.lint.names import guess
from rules.lint.registry import Context, LintCode
from rules.lint.values import tested
from rules.nodes import FactName, Value

CODE = LintCode(
    "FCC204",
    "unknown-word",
    "error",
    "a value the fact never has",
    """`task`, `effort` and `day` have a closed set of values. A test against any other word could never
hold.""",
    bad="""\
rules = '''
route small when task is titel use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route small when task is title use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for fact, value in tested(context.document):
        declared = FACTS.get(fact.name)
        if declared is None or declared.kind != "word" or value.kind != "word":
            continue
        if value.value not in declared.words:
            yield _finding(fact, value, declared.words)


def _finding(fact: FactName, value: Value, words: tuple[str, ...]) -> Diagnostic:
    advice, fix = guess(str(value.value), value.span, words)
    advice = advice or f"`{fact.name}` is one of {', '.join(words)}"
    return CODE.at(value.span, f"`{fact.name}` is never `{value.value}`", help=advice, fix=fix)
