"""A group with one member."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Edit, Fix
from rules.lint.registry import Context, LintCode
from rules.walk import groups

CODE = LintCode(
    "FCC214",
    "lone-member",
    "warning",
    "a group with one member",
    """`least-loaded`, `rotate`, `split` and `race` choose among several; with one member there is nothing
to choose.""",
    bad="""\
rules = '''
route rest use rotate (zen/minimax-m2.5-free)
'''
""",
    good="""\
rules = '''
route rest use rotate (zen/minimax-m2.5-free, zen/glm-5-free)
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for group in groups(context.document):
        if len(group.members) == 1:
            member = group.members[0].ref
            text = context.source.text[member.span.start : member.span.end]
            fix = Fix("take away the group", (Edit(group.span, text),), safe=False)
            message = f"`{group.kind}` has one member only"
            yield CODE.at(group.span, message, help=f"write `{text}` alone, or add a member", fix=fix)
