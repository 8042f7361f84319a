"""A limit that lets nothing through."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.names import statements_of
from rules.nodes import Limit

CODE = LintCode(
    "FCC504",
    "limit-of-zero",
    "error",
    "a limit that lets nothing through",
    """A model under a limit of zero can never be asked: it is passed over silently, and a chain of such models
waits for nothing. To keep a model from being used, take it out of the chains; to turn requests away,
`refuse` them.""",
    bad="""\
rules = '''
limit zen/* 0 per minute
route rest use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
limit zen/* 10 per minute
route rest use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for limit in statements_of(context.document, Limit):
        if limit.count == 0 or limit.at_once == 0:
            what = "at once" if limit.at_once == 0 else f"{limit.counts} in any time"
            message = f"0 {what}: no model that `{limit.glob.text}` matches can be asked"
            yield CODE.at(
                limit.span, message, help="write a number above zero, or take the models out of the chains"
            )
