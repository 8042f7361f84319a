"""The same step twice in a row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.names import Names
from rules.nodes import Ref, Step
from rules.walk import sequences

CODE = LintCode(
    "FCC213",
    "repeated-step",
    "warning",
    "the same step twice in a row",
    """What just failed is asked again at once. To try the same model again say `retry 2`; it waits a
moment between the tries.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free then zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free, retry 2
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    names = context.names
    for sequence in sequences(context.document):
        for before, step in pairwise(sequence.steps):
            if _same(before, step, names):
                message = "this step asks what the step before it has just asked"
                yield CODE.at(step.target.span, message, help="to try it again, say `retry 2` on one step")


def _same(one: Step, other: Step, names: Names) -> bool:
    """Whether both ask the same model or chain in the same way."""
    if not (isinstance(one.target, Ref) and isinstance(other.target, Ref)):
        return False
    targets = [names.model(target.text) or target.text for target in (one.target, other.target)]
    thinking = [(step.options.thinking, step.options.effort, step.options.budget) for step in (one, other)]
    return targets[0] == targets[1] and thinking[0] == thinking[1]
