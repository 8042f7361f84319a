"""A race without its head start, or a head start outside of a race."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.nodes import Group
from rules.walk import groups

CODE = LintCode(
    "FCC216",
    "wrong-after",
    "error",
    "a race without its head start, or a head start outside of a race",
    """`race (a, b after 2s)` asks `a`, and `b` as well if nothing has come after two seconds. Every member
but the first says after how long the next is asked, and all say the same; the other groups have no
`after`.""",
    bad="""\
rules = '''
route rest use race (zen/minimax-m2.5-free, zen/glm-5-free)
'''
""",
    good="""\
rules = '''
route rest use race (zen/minimax-m2.5-free, zen/glm-5-free after 2s)
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for group in groups(context.document):
        if group.kind == "race":
            yield from _race(group)
        else:
            for member in group.members:
                if member.after is not None:
                    message = f"a member of `{group.kind}` has no `after`"
                    yield CODE.at(member.ref.span, message, help="`after` belongs to `race`")


def _race(group: Group) -> Iterator[Diagnostic]:
    first, *others = group.members
    if first.after is not None:
        yield CODE.at(first.ref.span, "the first member of a `race` is asked at once")
    afters = [member.after for member in others if member.after is not None]
    for member in others:
        if member.after is None:
            text = f"write `{member.ref.text} after 2s`"
            yield CODE.at(member.ref.span, "this member of the `race` does not say after how long", help=text)
        elif member.after != afters[0]:
            yield CODE.at(member.ref.span, f"all members of a `race` wait the same time, here {afters[0]:g}s")
