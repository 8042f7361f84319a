"""A thinking variant that the model does not have."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.model_facts import steps
from rules.policy_types import Plan, Single, UsePlan

CODE = LintCode(
    "FCC405",
    "thinking-not-to-switch",
    "warning",
    "a thinking variant that the model does not have",
    """Some models always think before they answer, and some never do. Asking the first to answer `without
thinking`, or the second `with thinking`, changes nothing; the answer is as slow or as quick as ever.
Leave the option out, or take another model.""",
    bad="""\
rules = '''
chain quick = zen/minimax-m2.5-free without thinking
route rest use quick
'''

[models."zen/minimax-m2.5-free"]
thinking = "always"
""",
    good="""\
rules = '''
chain quick = zen/minimax-m2.5-free without thinking
route rest use quick
'''

[models."zen/minimax-m2.5-free"]
thinking = "switchable"
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    policy = context.policy
    if policy is None:
        return
    plans: list[Plan] = list(policy.chains.values())
    plans += [route.action.plan for route in policy.routes if isinstance(route.action, UsePlan)]
    seen = set()
    for step in (step for plan in plans for step in steps(plan) if step.provider):
        if (step.id, step.span, step.options.thinking) not in seen:
            seen.add((step.id, step.span, step.options.thinking))
            yield from _finding(context, step)


def _finding(context: Context, step: Single) -> Iterator[Diagnostic]:
    thinking = context.models.of(step).thinking
    if step.options.thinking is False and thinking == "always":
        message = f"`{step.id}` always thinks: `without thinking` changes nothing"
    elif step.options.thinking is True and thinking == "never":
        message = f"`{step.id}` never thinks: `with thinking` changes nothing"
    else:
        return
    advice = f'leave it out, or correct `[models."{step.id}"] thinking`'
    yield CODE.at(step.span, message, help=advice)
