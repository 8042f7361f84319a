"""A later step that the steps before it leave no time."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Label
from rules.lint.registry import Context, LintCode
from rules.nodes import Span
from rules.policy_types import Plan, Single, UsePlan
from rules.settings import Defaults

CODE = LintCode(
    "FCC502",
    "step-without-time",
    "warning",
    "a later step that the steps before it leave no time",
    """`finish within` counts from the moment the request came in. When the steps before this one wait for
their first content as long as they may, nothing is left for it, so it is no fallback for a model
that hangs. Let the earlier steps start sooner (`start within 10s`) or give the answer more time.""",
    bad="""\
rules = '''
chain slow = zen/minimax-m2.5-free start within 60s then zen/glm-5-free finish within 60s
route rest use slow
'''
""",
    good="""\
rules = '''
chain slow = zen/minimax-m2.5-free start within 20s then zen/glm-5-free finish within 60s
route rest use slow
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    policy = context.policy
    if policy is None:
        return
    seen: set[Span] = set()
    plans = [
        *policy.chains.values(),
        *(route.action.plan for route in policy.routes if isinstance(route.action, UsePlan)),
    ]
    for plan in plans:
        for finding in _late(plan, policy.settings.defaults):
            if finding.span not in seen:
                seen.add(finding.span)
                yield finding


def _late(plan: Plan, defaults: Defaults) -> Iterator[Diagnostic]:
    """Looks at the steps up to the first group: which of its members are asked depends on the moment. A step for other
    failures than timeouts is none that is asked after one."""
    gone = 0.0
    before: list[Single] = []
    for step in plan[: defaults.attempts]:
        if not isinstance(step, Single):
            return
        if before and step.options.on is not None and "timeout" not in step.options.on:
            continue
        finish = defaults.finish if step.options.finish is None else step.options.finish
        if before and gone >= finish:
            only = step.options.on is not None and step.options.on <= {"timeout"}
            what = "can never get any time" if only else "gets no time after a timeout"
            labels = [Label(one.span, "waits for its first content") for one in before]
            message = f"`{step.id}` {what}: {gone:g} s are gone by then, of {finish:g} s for the whole answer"
            yield CODE.at(
                step.span, message, labels=labels, help="shorten `start within` of the steps before"
            )
            return
        start = defaults.start if step.options.start is None else step.options.start
        gone = max(gone, min(gone + start, finish))
        before.append(step)
