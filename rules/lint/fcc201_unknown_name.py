"""A step, offer or target that is no alias, chain or model."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.names import guess, mentioned
from rules.lint.registry import Context, LintCode
from rules.names import REQUESTED
from rules.walk import references

CODE = LintCode(
    "FCC201",
    "unknown-name",
    "error",
    "a step, offer or target that is no alias, chain or model",
    """A name without a slash has to be an `alias` or a `chain` of this file; a model is written
`provider/model`. The order of the file does not matter here: a name may be used above the line that
defines it.""",
    bad="""\
rules = '''
alias minimax = zen/minimax-m2.5-free
route rest use minimaxx
'''
""",
    good="""\
rules = '''
alias minimax = zen/minimax-m2.5-free
route rest use minimax
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    names = context.names
    unread = mentioned(context, ("alias", "chain"))
    known = [*names.aliases, *names.chains]
    for ref, _ in references(context.document):
        if "/" in ref.text or ref.text == REQUESTED or ref.text in names or ref.text in unread:
            continue
        advice, fix = guess(ref.text, ref.span, known)
        advice = advice or "models are written `provider/model`; names come from `alias` and `chain`"
        yield CODE.at(ref.span, f"there is no alias or chain `{ref.text}`", help=advice, fix=fix)
