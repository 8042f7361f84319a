"""A route that earlier routes leave nothing to."""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis import Analysis
from rules.diagnostics import Diagnostic, Label, Severity
from rules.lint.flow import Routes, analysed
from rules.lint.registry import Context, LintCode
from rules.phrases import takes

CODE = LintCode(
    "FCC301",
    "unreachable-route",
    "error",
    "a route that earlier routes leave nothing to",
    """The first route that matches takes a request, so a route is dead when those above it take everything
it could take. The labels name the fewest reachable routes that together do, and what each of them
takes. Move the route above them, narrow them, or take it out.

An offer is a route as well, at its place in the file: asking for its id has to reach it. That is a
warning, since an offer may come from the environment; an offer of something that is offered already
is none.""",
    bad="""\
rules = '''
route vision when images > 0                          use nvidia_nim/z-ai/glm4.7
route long   when tokens > 120k                       use zen/minimax-m2.5-free
route far    when images > 0 and tokens > 200k        use zen/glm-5-free
route rest                                            use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route far    when images > 0 and tokens > 200k        use zen/glm-5-free
route vision when images > 0                          use nvidia_nim/z-ai/glm4.7
route long   when tokens > 120k                       use zen/minimax-m2.5-free
route rest                                            use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for analysis, routes in analysed(context):
        for number in range(len(analysis.routes)):
            if analysis.reached(number).never and not analysis.possible(number).never:
                yield from _finding(analysis, routes, number)


def _finding(analysis: Analysis, routes: Routes, number: int) -> Iterator[Diagnostic]:
    route, all_ = analysis.routes[number], analysis.routes
    cover = analysis.cover(number)
    if route.offer is not None and any(all_[one].offer == route.offer for one in cover):
        return
    labels = [
        Label(routes.place(all_[one]), takes(all_[one].condition, routes.text, rest=count > 0))
        for count, one in enumerate(cover)
    ]
    place = routes.place(route)
    severity: Severity = "error" if route.offer is None else "warning"
    advice = f"move it above `{all_[cover[0]].name}`" if cover else "move it up, or take it out"
    yield CODE.at(
        place,
        f"{routes.called(route)} can never be reached",
        labels=[
            *labels,
            Label(place, f"nothing is left for this {'route' if route.offer is None else 'offer'}"),
        ],
        help=advice,
        severity=severity,
    )
