"""An alias or chain that comes back to itself."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Label
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC209",
    "loop",
    "error",
    "an alias or chain that comes back to itself",
    """Following the names leads in a circle, so the chain never comes to a model at that place. Chains
that are named by an environment variable count.""",
    bad="""\
rules = '''
chain one = zen/minimax-m2.5-free then two
chain two = one
route rest use one
'''
""",
    good="""\
rules = '''
chain one = zen/minimax-m2.5-free then two
chain two = zen/glm-5-free
route rest use one
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    names = context.names
    for kind, loops in (("alias", names.alias_loops), ("chain", names.chain_loops)):
        for loop in loops:
            places = [(names.aliases if kind == "alias" else names.chains)[name].name.span for name in loop]
            circle = " → ".join(f"`{name}`" for name in [*loop, loop[0]])
            labels = [Label(place, "by way of this") for place in places[1:]]
            message = f"{kind} `{loop[0]}` comes back to itself: {circle}"
            yield CODE.at(places[0], message, labels=labels, help="take one of the names out of the circle")
