"""Routes for the analysis, which asks nothing of what they do."""

from __future__ import annotations

from rules.analysis import Analysis
from rules.names import statements_of
from rules.nodes import Route
from rules.parser import parse
from rules.policy_types import LocalAnswer, PolicyRoute


def routes_of(text: str) -> tuple[PolicyRoute, ...]:
    document, found = parse(text)
    assert [one for one in found if one.severity == "error"] == [], text
    routes = statements_of(document, Route)
    return tuple(PolicyRoute(one.name.text, one.condition, LocalAnswer(), one.span) for one in routes)


def analysed(text: str, **options) -> Analysis:
    return Analysis(routes_of(text), **options)
