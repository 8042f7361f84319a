"""Tools reach only models that cannot call them."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.abilities import unable
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC403",
    "tools-uncalled",
    "warning",
    "tools reach only models that cannot call them",
    """A model that cannot call tools is passed over for requests that offer any, and nearly every request of
Claude Code does. Use such a model for requests without: `when tools = 0`.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[models."zen/minimax-m2.5-free"]
tools = false
""",
    good="""\
rules = '''
route plain when tools = 0 use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''

[models."zen/minimax-m2.5-free"]
tools = false
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    yield from unable(context, CODE, "tools", "call")
