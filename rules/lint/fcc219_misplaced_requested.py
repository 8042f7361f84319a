"""`requested` where no request is asked about."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.names import REQUESTED
from rules.walk import references

CODE = LintCode(
    "FCC219",
    "misplaced-requested",
    "error",
    "`requested` where no request is asked about",
    """`requested` stands for the model the client named, so it is a step of a sequence. An alias stands
for one model, an offer for one entry of the picker, and a simulated state for one candidate.""",
    bad="""\
rules = '''
alias same = requested
route rest use same
'''
""",
    good="""\
rules = '''
route rest use requested
'''
""",
)


PLACES = {"alias": "an alias", "offer": "an offer", "world": "a simulated state"}


def check(context: Context) -> Iterator[Diagnostic]:
    for ref, role in references(context.document):
        if ref.text == REQUESTED and role in PLACES:
            message = f"{PLACES[role]} needs a model of its own"
            yield CODE.at(ref.span, message, help="`requested` is a step: `use requested then …`")
