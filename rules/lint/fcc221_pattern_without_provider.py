"""A health or limit pattern that can match no model."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Edit, Fix
from rules.lint.names import glob_words
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC221",
    "pattern-without-provider",
    "error",
    "a health or limit pattern that can match no model",
    """Patterns are matched against the whole `provider/model`, so one without a slash and without a
wildcard matches nothing. An alias stands for one model; the fix writes that model.""",
    bad="""\
rules = '''
alias minimax = zen/minimax-m2.5-free
limit minimax 40 per minute
route rest use minimax
'''
""",
    good="""\
rules = '''
alias minimax = zen/minimax-m2.5-free
limit zen/minimax-m2.5-free 40 per minute
route rest use minimax
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    names = context.names
    for glob in glob_words(context.document):
        if "/" in glob.text or "*" in glob.text:
            continue
        model = names.model(glob.text)
        fix = Fix(f"write `{model}`", (Edit(glob.span, model),)) if model else None
        advice = (
            f"`{glob.text}` is an alias for `{model}`" if model else "write `provider/model` or `provider/*`"
        )
        yield CODE.at(glob.span, f"`{glob.text}` matches no model", help=advice, fix=fix)
