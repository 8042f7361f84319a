"""A question about a route that took more than its budget."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.flow import analysed
from rules.lint.registry import Context, LintCode
from rules.lint.shadows import undecided_patterns

_MANY = " or ".join(f'(header.x-a{n} is "1" and header.x-b{n} is "1")' for n in range(11))

CODE = LintCode(
    "FCC308",
    "undecided",
    "note",
    "a question about a route that took more than its budget",
    """The checks of routes are exact, and some questions grow exponentially with the size of a condition. So
each has a budget; one that exceeds it is given up and said so. Nothing is wrong with the route: it
was only not proved that it can be reached, or that nothing falls through. It routes as it is written.
Splitting its condition over several routes helps.""",
    bad=f"""\
rules = '''
route odd when not ({_MANY}) use zen/glm-5-free
route rest use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route odd when header.x-a is "1" and header.x-b is "1" use zen/glm-5-free
route rest use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for analysis, routes in analysed(context):
        if analysis.too_large:
            message = f"what each of {len(analysis.routes):,} routes takes is undecided: they are too many"
            yield CODE.at(routes.place(analysis.routes[-1]), message)
            continue
        for number in analysis.undecided:
            if number == len(analysis.routes):
                place = routes.place(analysis.routes[-1])
                yield CODE.at(place, "whether a request falls through all routes is undecided")
            else:
                route = analysis.routes[number]
                message = (
                    f"what {routes.called(route)} takes, or whether each of its tests matters, is undecided"
                )
                yield CODE.at(routes.place(route), message)
    for glob in undecided_patterns(context):
        yield CODE.at(glob.span, f"whether `{glob.text}` is shadowed is undecided")
