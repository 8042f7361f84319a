"""A health threshold that the limit keeps out of reach."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from rules.diagnostics import Diagnostic, Label
from rules.globs import Matcher, bits
from rules.lint.registry import Context, LintCode
from rules.model_facts import steps
from rules.nodes import Health, Limit
from rules.policy_types import Policy, UsePlan

Statement = TypeVar("Statement", Health, Limit)

CODE = LintCode(
    "FCC501",
    "threshold-never-trips",
    "warning",
    "a health threshold that the limit keeps out of reach",
    """A model rests after so many failures within a window. Its limit lets so few requests through that so
many failures cannot fall into one window, even if every request fails and slow ones fail late. The
model would never rest. Lower the number of failures or widen the window.

Counted are the requests that a limit of requests lets begin within the window, and those that were
begun before and may still be under way: as many as run at once, or as begin within the deadline of
the whole answer.""",
    bad="""\
rules = '''
health * 20 failures in 30s, rest 30s
limit zen/* 2 per minute, 4 at once
route rest use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
health * 3 failures in 30s, rest 30s
limit zen/* 2 per minute, 4 at once
route rest use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    policy = context.policy
    if policy is None:
        return
    models = _models(policy)
    if "requested" in models:  # it may be any model, under another limit or none
        return
    health, limits = _first(policy.health), _first(policy.limits)
    by_rule: dict[Health, list[tuple[str, Limit | None, float]]] = {}
    for model, finish in models.items():
        rule, limit = health(model), limits(model)
        if rule is not None:
            by_rule.setdefault(rule, []).append((model, limit, finish))
    for rule, found in by_rule.items():
        bounds = [_most(rule, limit, finish) for _, limit, finish in found]
        if all(most is not None and most < rule.failures for most in bounds):
            most = max(one for one in bounds if one is not None)
            limits = dict.fromkeys(limit for _, limit, _ in found if limit is not None)
            yield CODE.at(
                rule.glob.span,
                f"{rule.failures} failures in {rule.window:g} s can never come together",
                labels=[
                    Label(limit.glob.span, f"lets at most {most} be counted in that time") for limit in limits
                ],
                help=f"{most} failures or fewer can trip it",
            )


def _first(statements: Sequence[Statement]) -> Callable[[str], Statement | None]:
    """From a model to the first statement whose pattern matches it."""
    matcher = Matcher(one.glob.text for one in statements)
    by_glob = {one.glob.text: one for one in reversed(statements)}

    def first(model: str) -> Statement | None:
        found = next(bits(matcher.matched(model)), None)
        return None if found is None else by_glob[matcher.globs[found]]

    return first


def _models(policy: Policy) -> dict[str, float]:
    """Every model that can be asked, with the longest an answer of it may take in seconds."""
    plans = [
        *policy.chains.values(),
        *(route.action.plan for route in policy.routes if isinstance(route.action, UsePlan)),
    ]
    found: dict[str, float] = {}
    for step in (step for plan in plans for step in steps(plan)):
        finish = policy.settings.defaults.finish if step.options.finish is None else step.options.finish
        found[step.id] = max(found.get(step.id, 0.0), finish)
    return found


def _most(rule: Health, limit: Limit | None, finish: float) -> int | None:
    """The most failures of one model that one window can hold; None when nothing bounds them."""
    if (
        limit is None
        or limit.count is None
        or limit.per is None
        or limit.counts != "requests"
        or limit.for_each
    ):
        return None
    begun = math.ceil(rule.window / limit.per) * limit.count
    before = math.ceil((rule.window + finish) / limit.per) * limit.count
    return before if limit.at_once is None else min(before, begun + limit.at_once)
