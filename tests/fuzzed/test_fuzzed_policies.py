"""Router, explanation and replay agree with predicates that know nothing of the language, before `fmt` and after it.

`FCC_CLAIMS=10000` tries so many policies.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest

from engine.recorded import Decider
from engine.router import Router
from fcc.explanation import Explainer
from providers.presets import catalogue
from rules.format import formatted
from rules.given import from_values
from rules.plan import compare
from rules.policy import Loaded, load
from support.judged import Made, Request, given, made, sound

POLICIES = int(os.environ.get("FCC_CLAIMS", "60"))
REQUESTS = 25
BLOCKS = 4


def read(text: str) -> Loaded:
    return load(text.encode(), path="routes.toml", env={}, catalogue=catalogue())


def decidable(random: Random) -> tuple[Made, Loaded]:
    """A policy without an error, which a server would take."""
    while True:
        policy = made(random)
        loaded = read(policy.text)
        if loaded.policy is not None:
            return policy, loaded


def values(request: Request) -> dict[str, Any]:
    return {fact: list(value) if isinstance(value, frozenset) else value for fact, value in request.items()}


@pytest.mark.parametrize("block", range(BLOCKS))
def test_everyone_who_decides_comes_to_the_same(block):
    for seed in range(block, POLICIES, BLOCKS):
        random = Random(seed)
        policy, loaded = decidable(random)
        assert loaded.policy is not None
        tidy = formatted(policy.text)
        again = read(tidy)
        assert again.policy is not None, tidy
        assert formatted(tidy) == tidy
        assert compare(loaded.policy, again.policy).equivalent, tidy
        router, laid_out = Router(loaded.policy), Router(again.policy)
        decider = Decider(loaded.policy)
        explainer = Explainer(loaded.policy, loaded, catalogue())
        for _ in range(REQUESTS):
            request = sound({fact: random.choice(listed) for fact, listed in policy.world.items()})
            view, about = from_values(values(request)), (given(request), policy.text)
            taker = policy.first(request)
            name = None if taker is None else taker.name
            assert called(router.decide(view)) == name, about
            assert called(laid_out.decide(view)) == name, about
            assert decider.case(view).name == name, about
            explained(policy, request, explainer.explain(view))


def called(route: Any) -> str | None:
    return None if route is None else route.name


def explained(policy: Made, request: Request, found: dict[str, Any]) -> None:
    """The route, and of each written one before it a test of its own with the value that the request has."""
    taker = policy.first(request)
    assert found["route"] == (None if taker is None else taker.name)
    before = policy.routes[: policy.routes.index(taker)] if taker else policy.routes
    assert [one["route"] for one in found["passed_over"]] == [one.name for one in before if not one.offer]
    for one in found["passed_over"]:
        fact = one["test"].split()[0]
        seen = request.get(fact)
        if isinstance(seen, int) and not isinstance(seen, bool) and fact != "time":
            assert one["saw"] == seen, one
