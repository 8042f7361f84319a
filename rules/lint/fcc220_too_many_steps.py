"""A sequence that comes to too many models."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.names import MAX_NESTING, MAX_STEPS
from rules.walk import sequences

CODE = LintCode(
    "FCC220",
    "too-many-steps",
    "error",
    "a sequence that comes to too many models",
    """With all chains in it inlined a sequence may come to 500 models and nest 16 groups; a request makes
four attempts by default. Chains that use each other twice double with each line.""",
    bad="""\
rules = '''
chain c0 = zen/minimax-m2.5-free then zen/glm-5-free
chain c1 = c0 then c0
chain c2 = c1 then c1
chain c3 = c2 then c2
chain c4 = c3 then c3
chain c5 = c4 then c4
chain c6 = c5 then c5
chain c7 = c6 then c6
chain c8 = c7 then c7
chain c9 = c8 then c8
route rest use c9
'''
""",
    good="""\
rules = '''
chain c0 = zen/minimax-m2.5-free then zen/glm-5-free
route rest use c0
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    names = context.names
    for sequence in sequences(context.document):
        if names.too_large(sequence):
            message = (
                f"this sequence comes to more than {MAX_STEPS} models, or {MAX_NESTING} groups in groups"
            )
            yield CODE.at(sequence.span, message, help="name each model once")
