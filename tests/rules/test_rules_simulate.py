"""Whom a chain would ask: steps, groups and options against every simulated state, as the engine does it."""

from __future__ import annotations

import pytest

from providers.failures import OUTCOMES
from rules import simulate
from rules.given import GivenFacts
from rules.model_facts import ModelFacts
from rules.parser import parse
from rules.policy_types import UsePlan
from rules.resolve import resolve
from rules.settings import Settings
from rules.simulate import Simulated, World, considered, tried


def plan(sequence):
    document, found = parse(f"route rest use {sequence}")
    assert [one for one in found if one.severity == "error"] == []
    action = resolve(document, Settings(), {}).routes[0].action
    assert isinstance(action, UsePlan)
    return action.plan


def states(said):
    """`a resting, b failing timeout`; `a` is the model `pa/a`."""
    found = {}
    for one in filter(None, said.split(", ")):
        name, state, *kind = one.split()
        found[name if "/" in name else f"p{name}/{name}"] = Simulated(state, *kind)
    return found


def world(said="", facts=None, attempts=9, **given):
    known = facts or {}
    return World(
        GivenFacts(given),
        lambda step: known.get(step.model, ModelFacts()),
        states(said),
        "zen".__eq__,
        attempts,
    )


def walk(sequence, *args, **given):
    return " ".join(one.rpartition("/")[2] for one in tried(plan(sequence), world(*args, **given)))


A_B_C = "pa/a then pb/b then pc/c"


@pytest.mark.parametrize(
    ("sequence", "said", "asked"),
    [
        (A_B_C, "", "a b c"),
        (A_B_C, "a failing timeout", "a b c"),
        (A_B_C, "a resting", "b c"),
        (A_B_C, "a limited, c resting", "b"),
        (A_B_C, "a resting, b resting, c resting", "a b c"),
        (A_B_C, "a resting, b limited, c resting", "a c"),
        (A_B_C, "a limited, b limited, c limited", ""),
        ("pa/a", "a resting", "a"),
        ("pa/a", "a limited", ""),
        ("pa/a then pb/b then pa/a", "", "a b"),
        ("pa/a then pb/b on overflow", "", "a"),
        ("pa/a then pb/b on overflow", "a failing overflow", "a b"),
        ("pa/a then pb/b on (timeout, rate_limit) then pc/c", "a limited", "b c"),
        ("pa/a then pb/b on timeout then pc/c", "a resting", "b c"),
        ("pa/a then pb/b on overflow then pc/c", "a resting", "c"),
        ("pa/a on timeout then pb/b", "", "b"),
        ("pa/a then pb/b on server_error", "", "a b"),
        ("least-loaded (pa/a, pb/b) then pc/c", "a resting", "b c"),
        ("rotate (pa/a, pb/b)", "", "a b"),
        ("race (pa/a, pb/b after 2s) then pc/c", "", "a b c"),
        ("split (10% pa/a, 60% pb/b, 30% pc/c)", "", "b c a"),
        ("split (50% pa/a, 50% pb/b)", "a limited", "b"),
        (A_B_C, "a failing bad_request, b failing bad_request", "a b"),
        (A_B_C, "a failing bad_request", "a b c"),
        ("pa/a then pa/b then pc/c", "a failing bad_request, pa/b failing bad_request", "a b c"),
        ("pa/a then pa/b then pc/c", "a failing auth", "a c"),
        ("pa/a then pa/b then pc/c", "a failing credit", "a c"),
        ("pa/a then pa/b then pc/c", "a failing certificate", "a c"),
        ("pa/a then pa/b then pc/c", "a failing not_found", "a b c"),
    ],
)
def test_the_walk(sequence, said, asked):
    assert walk(sequence, said) == asked


@pytest.mark.parametrize(
    ("facts", "given", "asked"),
    [
        ({"a": ModelFacts(context=1000)}, {"tokens": 1150}, "a b c"),
        ({"a": ModelFacts(context=1000)}, {"tokens": 1151}, "b c"),
        ({"a": ModelFacts(tools=False, images=False, documents=False)}, {}, "a b c"),
        ({"a": ModelFacts(images=False)}, {"images": 1}, "b c"),
        ({one: ModelFacts(images=False) for one in "abc"}, {"images": 1}, "a b c"),
        ({one: ModelFacts(tools=False) for one in "abc"}, {"tools": 1}, ""),
        ({one: ModelFacts(documents=True) for one in "bc"}, {"documents": 1}, "b c"),
        ({one: ModelFacts(documents=False) for one in "abc"}, {"documents": 1}, "a b c"),
    ],
)
def test_who_cannot_serve_the_request(facts, given, asked):
    assert walk(A_B_C, "", facts, **given) == asked


def test_after_an_overflow_only_larger_windows_and_steps_meant_for_it():
    facts = {"a": ModelFacts(context=200), "b": ModelFacts(context=100), "c": ModelFacts(context=300)}
    assert walk(A_B_C, "a failing overflow", facts) == "a c"
    assert walk("pa/a then pb/b on overflow", "a failing overflow", facts) == "a b"
    assert walk("pa/a then pb/b on (server_error, timeout)", "a failing overflow", facts) == "a"
    assert walk(A_B_C, "a failing overflow", facts | {"b": facts["a"]}) == "a c"
    assert walk(A_B_C, "a failing timeout", facts) == "a b c"


@pytest.mark.parametrize(
    ("facts", "given", "on"),
    [
        (ModelFacts(context=1000), {"tokens": 2000}, "overflow"),
        (ModelFacts(tools=False), {"tools": 1}, "bad_request"),
        (ModelFacts(images=False), {"images": 1}, "bad_request"),
        (ModelFacts(documents=False), {"documents": 1}, "bad_request"),
    ],
)
def test_who_is_not_asked_for_what_it_would_have_said_counts_as_having_said_it(facts, given, on):
    known = {"a": facts, "b": ModelFacts(documents=True), "c": ModelFacts(documents=True)}
    assert walk(f"pa/a then pb/b on {on} then pc/c on timeout", "", known, **given) == "b"


def test_those_who_are_asked_after_all_stand_once_and_behind_the_others():
    found = considered(plan(A_B_C), world("a resting, b limited, c resting"))
    assert [(one.target, one.skipped) for one in found] == [
        ("pb/b", "has reached its limit"),
        ("pa/a", None),
        ("pc/c", None),
    ]


def test_of_those_who_are_asked_after_all_none_is_asked_in_vain():
    facts = {one: ModelFacts(images=False) for one in "abc"}
    assert walk("pa/a then pa/b then pc/c", "a failing auth", facts, images=1) == "a c"
    assert walk(A_B_C, "", facts, attempts=2, images=1) == "a b"


def test_a_refused_key_is_that_of_whoever_is_asked_for_what_was_requested():
    assert walk("zen/x then requested then pb/b", "", model="zen/y") == "x y b"
    assert walk("zen/x then requested then pb/b", "zen/x failing auth", model="zen/y") == "x b"


def test_a_request_asks_no_more_models_than_it_may_take_attempts():
    found = considered(plan(A_B_C), world(attempts=2))
    assert [one.skipped for one in found] == [None, None, "a request asks 2 models at most"]


def test_tries_on_the_same_model_count_and_are_granted_beside_the_others():
    chain = "pa/a retry 2 then pb/b then pc/c then pd/d"
    assert walk(chain, "", attempts=2) == "a b"
    assert walk(chain, "a failing timeout", attempts=2) == "a b c d"
    assert walk(chain, "a failing overloaded", attempts=1) == "a b c"
    found = considered(plan("pa/a retry 3 then pb/b then pc/c"), world(attempts=1))
    assert [one.skipped for one in found] == [None, "4 tries are used up", "4 tries are used up"]


def test_the_model_that_was_asked_for():
    assert walk("requested then pb/b", model="zen/x/y") == "y b"
    assert walk("requested then pb/b", model="nobody/x") == "b"
    assert walk("requested then pb/b", model="zen") == "b"
    assert walk("requested then pb/b", model="claude-opus-4-7") == "b"
    assert walk("requested then pb/b", model="pb/b") == "b"


def test_everyone_passed_over_has_a_reason():
    said = "a resting, b limited"
    found = considered(plan("pa/a then pb/b then pc/c on auth then pd/d"), world(said))
    assert [(one.target, one.skipped) for one in found] == [
        ("pa/a", "rests after failures"),
        ("pb/b", "has reached its limit"),
        ("pc/c", "only asked after auth"),
        ("pd/d", None),
    ]


def test_kinds_are_those_of_the_engine():
    assert {kind for kind, one in OUTCOMES.items() if one.health} == simulate.HEALTH_FAILURES
    wide = {kind for kind, one in OUTCOMES.items() if one.verdict_scope != "model"}
    assert wide == simulate.PROVIDER_FAILURES.keys()
    assert {kind for kind, one in OUTCOMES.items() if one.block} == simulate.LIMIT_FAILURES
    assert {kind for kind, one in OUTCOMES.items() if one.retries and not one.block} == simulate.RETRIED
    assert simulate.USUAL_FAILURE in OUTCOMES
