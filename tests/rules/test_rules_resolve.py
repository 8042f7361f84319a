"""Documents to policies: inlining, options pushed down, offers as routes, models from the environment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.names import MAX_STEPS, Names
from rules.nodes import Is
from rules.parser import parse
from rules.policy_types import GroupOf, LocalAnswer, Refusal, Single, TextAnswer, UsePlan
from rules.resolve import resolve
from rules.settings import Settings

NAMES = "alias a = p/a\nalias b = p/b\nalias c = q/c/d\n"


def policy(text, env=None):
    document, found = parse(NAMES + text)
    assert found == []
    return resolve(document, Settings(), env or {})


def plan(sequence, extra="", env=None):
    return policy(f"{extra}\nroute r use {sequence}", env).routes[-1].action.plan


def ids(plan_):
    """The plan as nested lists of ids."""
    return [
        step.id if isinstance(step, Single) else [ids(member) for member in step.members] for step in plan_
    ]


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ("a", ["p/a"]),
        ("a then q/x/y then c", ["p/a", "q/x/y", "q/c/d"]),
        ("requested then a", ["requested", "p/a"]),
        ("one then c", ["p/a", "p/b", "q/c/d"]),
        ("least-loaded (a, one)", [[["p/a"], ["p/a", "p/b"]]]),
        ("two", ["p/a", "p/b", [["q/c/d"], ["p/a"]]]),
        ('"p/with space"', ["p/with space"]),
    ],
)
def test_chains_are_inlined_and_aliases_replaced(sequence, expected):
    extra = "chain one = a then b\nchain two = one then rotate (c, a)"
    assert ids(plan(sequence, extra)) == expected


def test_the_order_of_definition_does_not_matter():
    assert ids(plan("two", "chain two = one then x\nchain one = a\nalias x = b")) == ["p/a", "p/b"]


def test_options_are_pushed_down_and_a_step_keeps_its_own():
    found = plan(
        "one then b retry 3, start within 9s, without thinking",
        "chain one = a retry 0 then least-loaded (b, c) with thinking 8k, on timeout",
    )
    first, group, last = found
    assert (first.options.retry, first.options.start, first.options.thinking) == (0, 9.0, False)
    assert first.options.on == frozenset({"timeout"})
    assert (group.options.thinking, group.options.budget) == (True, 8000)
    assert [member[0].options.budget for member in group.members] == [8000, 8000]
    assert (last.options.retry, last.options.on, last.options.thinking) == (3, None, False)


def test_thinking_of_a_step_is_kept_whole():
    (step,) = plan("one, with thinking 8k", "chain one = a with thinking high")
    assert (step.options.thinking, step.options.effort, step.options.budget) == (True, "high", None)


def test_groups():
    (split,) = plan("split (90% a, 10% b)")
    assert isinstance(split, GroupOf)
    assert (split.kind, split.weights, split.after) == ("split", (90, 10), None)
    (race,) = plan("race (a, b after 2s)")
    assert (race.kind, race.weights, race.after) == ("race", (), 2.0)


def test_actions_and_the_name_of_the_chain():
    routes = policy(
        "chain one = a\nroute w when stream use one\nroute x when stream use one, retry 1\n"
        'route y when stream answer locally\nroute z when stream answer "no"\nroute v refuse 429 "later"'
    ).routes
    assert [route.name for route in routes] == ["w", "x", "y", "z", "v"]
    assert [route.action.chain for route in routes[:2]] == ["one", None]
    assert [route.action for route in routes[2:]] == [LocalAnswer(), TextAnswer("no"), Refusal(429, "later")]


def test_offers_are_routes_at_their_place():
    found = policy(
        'chain one = a then b\nroute x when stream use a\noffer one as "Auto"\nroute y use b\noffer c'
    )
    assert [route.name for route in found.routes] == ["x", "offer one", "y", "offer c"]
    offered = found.routes[1]
    assert isinstance(offered.condition, Is)
    assert (offered.condition.fact.name, offered.condition.value.value, offered.offer) == (
        "model",
        "one",
        "one",
    )
    assert isinstance(offered.action, UsePlan)
    assert (ids(offered.action.plan), offered.action.chain) == (["p/a", "p/b"], "one")
    assert found.routes[3].offer == "q/c/d"
    assert [(entry.id, entry.label) for entry in found.offers] == [("one", "Auto"), ("q/c/d", None)]


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ("", ["client"]),
        ("with and without thinking", ["client", "without"]),
        ("without thinking", ["without"]),
    ],
)
def test_variants_are_entries_of_the_picker_but_one_route(variants, expected):
    found = policy(f"offer a {variants}")
    assert [entry.thinking for entry in found.offers] == expected
    assert len(found.routes) == 1


def test_models_from_the_environment():
    text = "env ORDER else a then b, retry 2"
    assert ids(plan(text)) == ["p/a", "p/b"]
    assert ids(plan(text, env={"ORDER": " , "})) == ["p/a", "p/b"]
    listed = plan(text, "chain one = c", {"ORDER": " q/x/y , one ,, nowhere, b"})
    assert ids(listed) == ["q/x/y", "q/c/d", "p/b"]
    assert {step.options.retry for step in listed} == {2}


def test_offers_from_the_environment():
    env = {"MODEL": "p/a, q/x/y ,unknown,one"}
    found = policy("chain one = a\noffer env MODEL with and without thinking", env)
    assert [entry.id for entry in found.offers] == ["p/a"] * 2 + ["q/x/y"] * 2 + ["one"] * 2
    assert [route.offer for route in found.routes] == ["p/a", "q/x/y", "one"]
    assert policy("offer env MODEL").offers == ()


def test_health_limits_and_expects_are_handed_on():
    found = policy(
        "health * 1 failure in 1s, rest 1s\nlimit * 1 at once\nroute r use a\nexpect r given stream"
    )
    assert (len(found.health), len(found.limits), len(found.expects)) == (1, 1, 1)
    assert found.aliases == {"a": "p/a", "b": "p/b", "c": "q/c/d"}


def test_what_findings_complain_of_is_left_out():
    found = policy(
        "alias x = y\nalias y = x\nchain one = two then a\nchain two = one then b\n"
        "route r use nobody then x then one then rotate (nobody, a)\n"
        "route s use rotate (nobody)\noffer x, requested"
    )
    assert ids(found.routes[0].action.plan)[-1] == [["p/a"]]
    assert "p/a" in ids(found.routes[0].action.plan)
    assert found.routes[1].action.plan == ()
    assert found.offers == ()
    assert "x" not in found.aliases


def test_a_chain_may_loop_by_way_of_the_environment():
    assert ids(plan("one", "chain one = env ORDER else a", {"ORDER": "one,b"})) == ["p/b"]


def test_doubling_chains_do_not_grow_without_bound():
    doubled = "\n".join(f"chain c{i + 1} = c{i} then c{i}" for i in range(60))
    found = policy(f"chain c0 = a then b\n{doubled}")
    assert len(found.chains["c7"]) == 256
    assert found.chains["c60"] == ()
    assert len(plan(" then ".join(["a"] * (MAX_STEPS + 1)))) == 0


def test_a_long_row_of_chains_is_no_deep_recursion():
    row = "\n".join(f"chain c{i} = c{i + 1}" for i in range(3000))
    assert ids(policy(f"{row}\nchain c3000 = a").chains["c0"]) == ["p/a"]
    nested = "\n".join(f"chain c{i + 1} = rotate (c{i}, a)" for i in range(400))
    assert policy(f"chain c0 = a\n{nested}").chains["c400"] == ()


references = st.sampled_from(["c0", "c1", "c2", "c3", "a", "b", "requested", "nobody", "rotate (c0, c1, c2)"])


@given(
    st.lists(st.lists(references, min_size=1, max_size=3), min_size=4, max_size=4),
    st.sampled_from(["", "c0", "c3,p/x"]),
)
def test_any_graph_of_chains_resolves(chains, variable):
    text = "\n".join(f"chain c{i} = env V else {' then '.join(steps)}" for i, steps in enumerate(chains))
    document, _ = parse(NAMES + text)
    found = resolve(document, Settings(), {"V": variable})
    names = Names(document, {"V": variable})
    assert set(names.order) == set(found.chains) == {"c0", "c1", "c2", "c3"}
    place = {name: at for at, name in enumerate(names.order)}
    if not names.chain_loops:
        used = [(name, text) for name in names.chains for text in names.uses(name)]
        assert all(place[other] < place[name] for name, other in used)
