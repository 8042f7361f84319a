"""A request that no route takes."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.flow import analysed
from rules.lint.registry import Context, LintCode
from rules.policy_types import LocalAnswer

CODE = LintCode(
    "FCC304",
    "gap",
    "warning",
    "a request that no route takes",
    """The request that is shown falls through all routes; the server answers it with 404 `not_found_error`,
and the client takes that for a missing model. End the file with a route without a condition. If such
requests are to be refused, say so: `route rest refuse 403 "…"` puts words to it.

It is a warning and no error, since a server that refuses some requests still serves the others.""",
    bad="""\
rules = '''
route small when model is "*haiku*" use zen/minimax-m2.5-free
route long when tokens > 120k use zen/glm-5-free
'''
""",
    good="""\
rules = '''
route small when model is "*haiku*" use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
)

LOCALLY = "what cannot be answered locally goes on to the next route, and there is none; "


def check(context: Context) -> Iterator[Diagnostic]:
    for analysis, routes in analysed(context):
        request = analysis.gap.request
        if request is None:
            continue
        written = [route for route in analysis.routes if route.offer is None]
        last = (written or analysis.routes)[-1] if analysis.routes else None
        place = routes.place(last) if last is not None else context.source.place("rules").key
        told = analysis.told(request)
        local = last is not None and isinstance(last.action, LocalAnswer)
        yield CODE.at(
            place,
            "no route takes this request" if told else "no route takes any request",
            witness=told or None,
            help=f"{LOCALLY if local else ''}end with a route without a condition: `route rest use …`",
        )
