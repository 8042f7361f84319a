"""A failure kind that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.names import guess
from rules.lint.registry import Context, LintCode
from rules.nodes import Document, Expect, Word
from rules.walk import sequences

CODE = LintCode(
    "FCC207",
    "unknown-failure",
    "error",
    "a failure kind that does not exist",
    """`on (…)` and `failing` name the kinds of failure the engine tells apart. A step behind a kind that
never happens would never be asked.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free then zen/glm-5-free on time_out
'''
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free then zen/glm-5-free on timeout
'''
""",
)


FAILURES = (
    "timeout",
    "connection",
    "rate_limit",
    "overloaded",
    "server_error",
    "auth",
    "credit",
    "certificate",
    "not_found",
    "overflow",
    "refused",
    "bad_request",
    "empty",
    "malformed",
    "cut",
)
"""The kinds of failure, as the engine tells them apart."""


def check(context: Context) -> Iterator[Diagnostic]:
    seen = set()
    for word in _named(context.document):
        if word.text not in FAILURES and word.span not in seen:
            seen.add(word.span)
            advice, fix = guess(word.text, word.span, FAILURES)
            advice = advice or f"kinds are {', '.join(FAILURES)}"
            yield CODE.at(word.span, f"there is no failure `{word.text}`", help=advice, fix=fix)


def _named(document: Document) -> Iterator[Word]:
    for sequence in sequences(document):
        for step in sequence.steps:
            yield from step.options.on or ()
    for statement in document.statements:
        for world in statement.worlds if isinstance(statement, Expect) else ():
            if world.failure is not None:
                yield world.failure
