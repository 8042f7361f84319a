"""An expect about a route that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.names import guess, mentioned
from rules.lint.registry import Context, LintCode
from rules.nodes import Expect, Route

CODE = LintCode(
    "FCC211",
    "unknown-route",
    "error",
    "an expect about a route that does not exist",
    """An `expect` names the route that has to take its request.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
expect rset given model "claude-opus-4-7"
'''
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
expect rest given model "claude-opus-4-7"
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    statements = context.document.statements
    routes = [statement.name.text for statement in statements if isinstance(statement, Route)]
    known = {*routes, *mentioned(context, ("route",))}
    for statement in statements:
        if isinstance(statement, Expect) and statement.route.text not in known:
            name = statement.route
            advice, fix = guess(name.text, name.span, routes)
            yield CODE.at(name.span, f"there is no route `{name.text}`", help=advice, fix=fix)
