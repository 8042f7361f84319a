"""Requests that reach steps which cannot serve them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules.analysis import Analysis
from rules.diagnostics import Diagnostic, Label
from rules.lint.fcc308_undecided import CODE as UNDECIDED
from rules.lint.flow import Routes, analysed
from rules.lint.registry import Context, LintCode
from rules.model_facts import Ability, some, steps
from rules.nodes import Not
from rules.policy_types import Single, UsePlan

SHOWN = 4
"""Steps that are labelled; of more only the number is said."""


def unable(context: Context, code: LintCode, ability: Ability, verb: str) -> Iterator[Diagnostic]:
    """Routes where no step can serve some request, and steps that can serve none of their route's requests.

    The model of `requested` is known only when a request comes, so it counts as able. Offers are left alone: who
    asks for a model by its id has chosen it.
    """
    for analysis, routes in analysed(context):
        for number, route in enumerate(analysis.routes):
            if route.offer is not None or not isinstance(route.action, UsePlan):
                continue
            all_ = list(steps(route.action.plan))
            lacking = [one for one in all_ if one.provider and not getattr(context.models.of(one), ability)]
            if lacking:
                hopeless = len(lacking) == len(all_)
                finder = _nobody if hopeless else _passed_over
                yield from finder(code, analysis, routes, number, lacking, ability, verb)


def _nobody(
    code: LintCode,
    analysis: Analysis,
    routes: Routes,
    number: int,
    lacking: Sequence[Single],
    ability: Ability,
    verb: str,
) -> Iterator[Diagnostic]:
    route, verdict = analysis.routes[number], analysis.reached_where(number, some(ability))
    if not verdict.decided:
        yield UNDECIDED.at(
            routes.place(route), f"whether route `{route.name}` takes requests with {ability} is undecided"
        )
    request = verdict.request
    if request is None:
        return
    what = f"its only step, `{lacking[0].id}`, cannot" if len(_ids(lacking)) == 1 else "none of its steps can"
    yield code.at(
        routes.place(route),
        f"route `{route.name}` takes requests with {ability}, and {what} {verb} them",
        labels=_labels(lacking, f"cannot {verb} {ability}"),
        witness=analysis.told(request, about=ability),
        help=f"put a route `when {ability} > 0` above it; or, if a model can, say so: "
        f'`[models."{lacking[0].id}"] {ability} = true`',
    )


def _passed_over(
    code: LintCode,
    analysis: Analysis,
    routes: Routes,
    number: int,
    lacking: Sequence[Single],
    ability: Ability,
    verb: str,
) -> Iterator[Diagnostic]:
    request = analysis.reached(number).request
    if request is None or not analysis.reached_where(number, Not(some(ability), some(ability).span)).never:
        return
    route, ids = analysis.routes[number], _ids(lacking)
    named = f"`{ids[0]}`" if len(ids) == 1 else f"{len(ids)} models"
    yield code.at(
        routes.place(route),
        f"every request of route `{route.name}` has {ability}, so {named} will never be asked",
        labels=_labels(lacking, f"cannot {verb} {ability}"),
        witness=analysis.told(request, about=ability),
        help="leave out the steps that can serve none of these requests",
        severity="note",
    )


def _ids(lacking: Sequence[Single]) -> list[str]:
    return list(dict.fromkeys(one.id for one in lacking))


def _labels(lacking: Sequence[Single], text: str) -> list[Label]:
    places = list(dict.fromkeys(one.span for one in lacking))
    return [Label(place, text) for place in places[:SHOWN]]
