"""Prompts longer than the window of every step."""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis import Analysis
from rules.diagnostics import Diagnostic, Label
from rules.lint.fcc308_undecided import CODE as UNDECIDED
from rules.lint.flow import Routes, analysed
from rules.lint.registry import Context, LintCode
from rules.model_facts import longer, steps
from rules.nodes import Not
from rules.policy_types import UsePlan
from rules.walk import tests

CODE = LintCode(
    "FCC404",
    "prompt-too-long",
    "warning",
    "prompts longer than the window of every step",
    """Every request that the route takes is longer than the largest window among its steps, so none of them
can be answered. Use a model with a larger window, or lower the bound.

A note is given for a route that asks about `tokens` and still takes some prompts that are too long:
those end as `prompt is too long`, upon which the client shortens its conversation. Nothing is said
where the window of a step is not known.""",
    bad="""\
rules = '''
route long when tokens > 250k use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
    good="""\
rules = '''
route long when tokens in 250k..1M use nvidia_nim/large
route rest use zen/glm-5-free
'''

[models."nvidia_nim/large"]
context = 1_000_000
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for analysis, routes in analysed(context):
        for number, route in enumerate(analysis.routes):
            if route.offer is None and isinstance(route.action, UsePlan) and route.action.plan:
                size = context.models.window(route.action.plan)
                if size is not None:
                    yield from _findings(context, analysis, routes, number, size)


def _findings(
    context: Context, analysis: Analysis, routes: Routes, number: int, size: int
) -> Iterator[Diagnostic]:
    route, test = analysis.routes[number], longer(size)
    verdict = analysis.reached_where(number, test)
    if not verdict.decided:
        message = f"whether route `{route.name}` takes prompts of more than {size} tokens is undecided"
        yield UNDECIDED.at(routes.place(route), message)
    request = verdict.request
    if request is None or not isinstance(route.action, UsePlan):
        return
    place, told = routes.place(route), analysis.told(request, about="tokens")
    widest = (one for one in steps(route.action.plan) if context.models.of(one).context == size)
    labels = [Label(next(widest).span, f"the largest window here: {size} tokens")]
    if analysis.reached_where(number, Not(test, test.span)).never:
        message = (
            f"route `{route.name}` takes only prompts that are longer than the window of each of its steps"
        )
        yield CODE.at(place, message, labels=labels, witness=told, help="use a model with a larger window")
    elif any(one.fact.name == "tokens" for one in tests(route.condition)):
        message = f"route `{route.name}` takes prompts that are longer than the window of each of its steps"
        advice = f"they are refused as too long; a route `when tokens > {size}` above it can take them"
        yield CODE.at(place, message, labels=labels, witness=told, help=advice, severity="note")
