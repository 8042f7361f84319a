"""Two statements of one name."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Label
from rules.lint.registry import Context, LintCode
from rules.nodes import Alias, Chain, Route, Word

CODE = LintCode(
    "FCC208",
    "duplicate-name",
    "error",
    "two statements of one name",
    """Aliases and chains share one set of names, since both stand where a step is expected; routes have
their own. The first of two holds, and the second would silently mean nothing.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
    good="""\
rules = '''
route small when stream use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, str], Word] = {}
    for statement in context.document.statements:
        if not isinstance(statement, Alias | Chain | Route):
            continue
        name = statement.name
        space = "route" if isinstance(statement, Route) else "alias or chain"
        first = seen.setdefault((space, name.text), name)
        if first is not name:
            label = Label(first.span, "first defined here")
            message = f"there already is a {space} `{name.text}`" if space == "route" else _taken(name.text)
            yield CODE.at(name.span, message, labels=[label], help="choose another name for one of them")


def _taken(name: str) -> str:
    return f"there already is an alias or a chain `{name}`"
