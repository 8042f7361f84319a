"""A chain whose steps all stand behind one key."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.model_facts import steps
from rules.nodes import Route, Span, Use
from rules.policy_types import Plan, UsePlan

CODE = LintCode(
    "FCC503",
    "one-key",
    "note",
    "a chain whose steps all stand behind one key",
    """All models of the chain are asked at one provider with one key. When that key is refused, its credit
is used up or the provider is down, every step fails at once. A model of another provider at the end
makes it a real fallback.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free then zen/glm-5-free
'''
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free then nvidia_nim/z-ai/glm4.7
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    policy = context.policy
    if policy is None:
        return
    names = context.names
    for name, plan in policy.chains.items():
        yield from _finding(context, names.chains[name].name.span, f"chain `{name}`", plan)
    places = {one.span: one for one in context.document.statements if isinstance(one, Route)}
    for route in policy.routes:
        written = places.get(route.span)
        if written is None or not isinstance(route.action, UsePlan) or not isinstance(written.action, Use):
            continue
        if route.action.chain is None:
            yield from _finding(
                context, written.action.sequence.span, f"route `{route.name}`", route.action.plan
            )


def _finding(context: Context, place: Span, whose: str, plan: Plan) -> Iterator[Diagnostic]:
    models = {(step.provider, step.model) for step in steps(plan)}
    providers = {provider for provider, _ in models}
    if len(models) < 2 or len(providers) != 1 or "" in providers:
        return
    provider = next(iter(providers))
    table = context.settings.providers.get(provider)
    if table is not None and isinstance(table.key, tuple) and len(table.key) > 1:
        return
    message = f"all {len(models)} models of {whose} stand behind one key of `{provider}`"
    yield CODE.at(place, message, help="end it with a model of another provider")
