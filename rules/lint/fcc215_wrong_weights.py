"""Weights that do not make up a split."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.nodes import Group
from rules.walk import groups

CODE = LintCode(
    "FCC215",
    "wrong-weights",
    "error",
    "weights that do not make up a split",
    """A `split` divides the sessions among its members: each has a weight, and together they are 100%. The
other groups have none.""",
    bad="""\
rules = '''
route rest use split (90% zen/minimax-m2.5-free, 20% zen/glm-5-free)
'''
""",
    good="""\
rules = '''
route rest use split (90% zen/minimax-m2.5-free, 10% zen/glm-5-free)
'''
""",
)


TOLERANCE = 0.01
"""How far the sum of the weights may be from 100, for shares such as 33.33%."""


def check(context: Context) -> Iterator[Diagnostic]:
    for group in groups(context.document):
        if group.kind == "split":
            yield from _split(group)
        else:
            for member in group.members:
                if member.weight is not None:
                    message = f"a member of `{group.kind}` has no weight"
                    yield CODE.at(member.ref.span, message, help="weights belong to `split`")


def _split(group: Group) -> Iterator[Diagnostic]:
    bare = [member.ref.span for member in group.members if member.weight is None]
    for span in bare:
        yield CODE.at(
            span, "a member of `split` needs a weight", help="write a share before it, such as `10%`"
        )
    total = sum(member.weight or 0 for member in group.members)
    if not bare and abs(total - 100) > TOLERANCE:
        yield CODE.at(group.span, f"the weights come to {total:g}%, not to 100%")
