"""An alias or chain that nothing uses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.names import unread
from rules.lint.registry import Context, LintCode
from rules.names import Names, env_models, sequence_refs
from rules.nodes import Expect, Offer, Route, Use

CODE = LintCode(
    "FCC210",
    "unused-name",
    "warning",
    "an alias or chain that nothing uses",
    """No route, offer, chain, alias or `expect` names it, directly or by way of others, so it is never
asked. Take it out, or use it. A chain that only itself uses counts as unused.""",
    bad="""\
rules = '''
alias minimax = zen/minimax-m2.5-free
alias glm = zen/glm-5-free
route rest use glm
'''
""",
    good="""\
rules = '''
alias glm = zen/glm-5-free
route rest use glm
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    names = context.names
    used = _used(context, names)
    used.update(re.findall(r"[A-Za-z0-9_-]+", unread(context)))
    for name, statement in [*names.aliases.items(), *names.chains.items()]:
        if name not in used:
            kind = "alias" if name in names.aliases else "chain"
            yield CODE.at(
                statement.name.span, f"nothing uses the {kind} `{name}`", help="use it or take it out"
            )


def _used(context: Context, names: Names) -> set[str]:
    """The names that routes, offers and expects come to."""
    waiting: list[str] = []
    for statement in context.document.statements:
        match statement:
            case Route(action=Use(sequence=sequence)):
                waiting.extend(ref.text for ref in sequence_refs(sequence))
                waiting.extend(names.listed(sequence))
            case Offer():
                waiting.extend(ref.text for ref in statement.things)
                if statement.variable is not None:
                    waiting.extend(env_models(context.env, statement.variable.text))
            case Expect():
                waiting.extend(world.ref.text for world in statement.worlds)
                waiting.extend(ref.text for ref in statement.targets or ())
    used: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in used:
            continue
        used.add(name)
        if name in names.aliases:
            waiting.append(names.aliases[name].model.text)
        elif name in names.chains:
            sequence = names.chains[name].sequence
            waiting.extend(ref.text for ref in sequence_refs(sequence))
            waiting.extend(names.listed(sequence))
    return used
