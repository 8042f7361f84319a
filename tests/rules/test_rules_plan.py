"""Two policies compared, against enumeration: requests are listed and put to both policies as they are written."""

from __future__ import annotations

import random
from itertools import product

import pytest

from rules.budget import Budget
from rules.evaluate import holds
from rules.given import GivenFacts, from_values
from rules.globs import matches
from rules.parser import parse
from rules.plan import compare
from rules.policy_types import GroupOf, UsePlan
from rules.resolve import resolve
from rules.settings import Settings
from support.policies import policy_text, rules_of

MODELS = ["", "x", "claude-haiku", "zen/a", "zen/b", "nim/a", "zen/bb", "claude-haiku-zen"]
FACTS = {
    "model": MODELS,
    "tokens": range(5),
    "images": range(3),
    "thinking": (False, True),
    "task": ("main", "title", "search", "compact"),
}
REQUESTS = [dict(zip(FACTS, values, strict=True)) for values in product(*FACTS.values())]
VIEWS = [GivenFacts(one) for one in REQUESTS]
TESTS = [
    'model is "*haiku*"',
    'model is "zen/*"',
    'model in ("zen/a", "x")',
    "tokens > 2",
    "tokens in 1..3",
    "images = 0",
    "images > 1",
    "thinking",
    "task is title",
    "task in (title, search)",
]
ACTIONS = [
    "use zen/a",
    "use zen/a then zen/b",
    "use requested then zen/a",
    "use requested",
    "use least-loaded (zen/a, zen/b)",
    "use zen/b retry 2",
    "answer locally",
    'refuse 429 "later"',
]
BESIDE = [
    "health * 3 failures in 30s, rest 30s",
    "health zen/* 2 failures in 30s, rest 30s",
    "limit zen/b* 10 per minute",
    "limit zen/* 40 per minute each",
    "limit */a 2 at once",
]


def policy_of(text: str, env=None):
    document, found = parse(text)
    assert [one for one in found if one.severity == "error"] == [], text
    return resolve(document, Settings(), env or {})


def route(rng: random.Random, name: str) -> str:
    roll = rng.random()
    tests = [rng.choice(["", "not "]) + rng.choice(TESTS) for _ in range(rng.randint(1, 3))]
    joined = rng.choice([" and ", " or "]).join(tests)
    condition = "" if roll < 0.1 else f"when {joined}"
    return f"route {name} {condition} {rng.choice(ACTIONS)}"


def pair(seed: int) -> tuple[str, str]:
    """A small policy and one made from it by some changes."""
    rng = random.Random(seed)
    old = [rng.choice(BESIDE) for _ in range(rng.randint(0, 3))]
    old += [route(rng, f"r{number}") for number in range(rng.randint(1, 5))]
    new = list(old)
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(new))
        change = rng.choice(("replace", "drop", "swap", "add"))
        if change == "replace" and new[at].startswith("route"):
            new[at] = route(rng, new[at].split()[1])
        elif change == "drop" and len(new) > 1:
            del new[at]
        elif change == "swap":
            other = rng.randrange(len(new))
            new[at], new[other] = new[other], new[at]
        elif change == "add":
            new.insert(at, rng.choice([*BESIDE, route(rng, f"n{rng.randrange(1000)}")]))
    return "\n".join(old), "\n".join(new)


def happens(policy, view):
    """Route and outcome, found in the plainest way."""
    taken = next((one for one in policy.routes if holds(one.condition, view)), None)
    if taken is None:
        return None, None
    if not isinstance(taken.action, UsePlan):
        return taken.name, taken.action
    return taken.name, tuple(asked(policy, step, view) for step in taken.action.plan)


def asked(policy, step, view):
    if isinstance(step, GroupOf):
        return step.kind, tuple(tuple(asked(policy, one, view) for one in each) for each in step.members)
    name = step.id if step.provider else view.model
    health = next((one for one in policy.health if matches(one.glob.text, name)), None)
    limit = next((one for one in policy.limits if matches(one.glob.text, name)), None)
    return (
        step.id,
        step.options,
        health and (health.failures, health.rest),
        limit and (limit.count, limit.at_once, limit.each or limit.glob.text),
    )


def within(given, request) -> bool:
    """Whether a request has the facts that a change is told by."""
    return all(fits(words, request[fact]) for fact, words in given.items())


def fits(words: str, value) -> bool:
    if isinstance(value, bool):
        return words == ("yes" if value else "no")
    if isinstance(value, int):
        return any(in_range(one, value) for one in words.split(", "))
    if '"' not in words:
        out = [one.removeprefix("not ") for one in words.split(" and ")]
        return value not in out if words.startswith("not ") else value in words.split(", ")
    parts = words.split(" and ")
    return all(
        matches(one.split('"')[1], value) is not one.startswith("not ") for one in parts if " or " not in one
    )


def in_range(words: str, value: int) -> bool:
    low, dots, high = words.partition("..")
    return int(low) <= value and (value == int(low) if not dots else not high or value < int(high))


@pytest.mark.parametrize("block", range(8))
def test_changes_agree_with_enumeration(block):
    for seed in range(block * 20, block * 20 + 20):
        old_text, new_text = pair(seed)
        old, new = policy_of(old_text), policy_of(new_text)
        found = compare(old, new)
        about = f"{old_text}\n--- becomes ---\n{new_text}"
        assert found.undecided == (), about
        fates = [(happens(old, view), happens(new, view)) for view in VIEWS]
        wanted = {(was[0], now[0]) for was, now in fates if was[1] != now[1]}
        told = {(one.old.name, one.new.name) for one in found.changes}
        assert told >= wanted, about
        for one in found.changes:
            view = from_values(one.witness)
            was, now = happens(old, view), happens(new, view)
            assert (was[0], now[0]) == (one.old.name, one.new.name), about
            assert was[1] != now[1], about
            for request, (before, after) in zip(REQUESTS, fates, strict=True):
                if within(one.given, request):
                    assert (before[0], after[0]) == (one.old.name, one.new.name), (one.given, request, about)
                    assert before[1] != after[1], (one.given, request, about)
                elif one.whole and not_split(found.changes, one):
                    same = (before[0], after[0]) == (one.old.name, one.new.name)
                    assert not same or before[1] == after[1], (one.given, request, about)
        names = {(was[0], now[0]) for was, now in fates if was[1] == now[1] and was[0] != now[0]}
        assert set(found.renamed) >= names, about
        assert found.equivalent is not bool(found.changes)


def not_split(changes, one) -> bool:
    """Whether the pair of routes is one change; with `requested` it may be several."""
    return sum((each.old.name, each.new.name) == (one.old.name, one.new.name) for each in changes) == 1


@pytest.mark.parametrize("seed", range(40))
def test_a_policy_is_equivalent_to_itself_in_another_layout(seed):
    text = rules_of(policy_text(random.Random(seed)))
    tame = rules_of(policy_text(random.Random(seed), wild=False))
    policy = policy_of(text)
    for other in (policy_of(text), policy_of(f"# a remark\n\n{tame}") if tame == text else policy):
        found = compare(policy, other)
        assert found.equivalent
        assert found.renamed == ()


A = """
alias m = zen/a
chain c = m then zen/b
offer m
route small when model is "*haiku*" use m
route rest use c
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("alias m = zen/a", "# why\nalias m = zen/a"),
        ("use c", "use m then zen/b"),
        ("use c", "use c retry 1"),
        ("use c", "use c, finish within 10m"),
        ("route rest", 'route rest when not model is "*haiku*" or tokens > 0'),
        ("route small", "route dead when tokens < 0 answer locally\nroute small"),
        ('is "*haiku*"', 'in ("claude-haiku-*", "*haiku*")'),
    ],
)
def test_what_changes_nothing(before, after):
    found = compare(policy_of(A), policy_of(A.replace(before, after)))
    assert found.equivalent
    assert found.renamed == ()


def test_names_of_aliases_and_routes_are_only_names():
    text = A.replace("alias m", "alias mini").replace(" m\n", " mini\n").replace("= m then", "= mini then")
    assert compare(policy_of(A), policy_of(text)).renamed == ()
    found = compare(policy_of(A), policy_of(text.replace("route rest", "route default")))
    assert found.equivalent
    assert found.renamed == (("rest", "default"),)


def test_a_change_is_told_with_its_class_and_both_outcomes():
    text = A.replace("use c", "use c start within 5s").replace('"*haiku*"', '"*haiku*" and tokens < 100')
    (first, second) = compare(policy_of(A), policy_of(text)).changes
    assert (first.old.name, first.new.name, first.whole) == ("small", "rest", True)
    assert first.given == {"model": '"*haiku*"', "tokens": "100.."}
    assert first.witness == {"model": "claude-haiku-4-5", "tokens": 100}
    assert second.given == {"model": 'not "zen/a" and not "*haiku*"'}
    assert second.old.outcome["chain"][0] == {
        "target": "zen/a",
        "thinking": "client",
        "options": {},
        "health": None,
        "limit": None,
    }
    assert second.new.outcome["chain"][1]["options"] == {"start": 5.0}


def test_what_applies_to_a_model_is_part_of_its_outcome():
    health = "health zen/* 3 failures in 30s, rest 30s\n"
    found = compare(policy_of(A), policy_of(health + A))
    assert len(found.changes) == 3
    assert found.changes[0].new.chain[0]["health"]["failures"] == 3
    assert found.changes[0].old.where == found.changes[0].new.where
    other = health.replace("zen/*", "zen/?")
    assert compare(policy_of(health + A), policy_of(other + A)).equivalent


def test_offers_are_compared_as_entries_of_the_picker():
    found = compare(policy_of(A), policy_of(A.replace("offer m", 'offer c, m as "Auto"')))
    assert [(one.id, one.old, one.new) for one in found.offers] == [
        ("zen/a", {"label": None, "place": 1}, {"label": "Auto", "place": 1}),
        ("c", None, {"label": "Auto", "place": None}),
    ]
    assert not found.equivalent


def test_beyond_the_budget_a_pair_is_undecided_and_not_equivalent():
    text = A.replace("use c", "use m")
    found = compare(policy_of(A), policy_of(text), budget=Budget(all=-200, each=0))
    assert ("rest", "rest") in [(old.name, new.name) for old, new in found.undecided]
    assert not found.equivalent


def test_large_policies_are_compared_in_time():
    lines = [f'route r{n} when model is "m-{n}-*" and tokens > {n} use zen/m{n}' for n in range(100)]
    old = "\n".join([*lines, "route rest use zen/a"])
    new = "\n".join([*lines[:50], "route new when images > 3 use zen/b", *lines[50:], "route rest use zen/a"])
    found = compare(policy_of(old), policy_of(new))
    assert found.undecided == ()
    assert len(found.changes) == 51
    assert compare(policy_of(old), policy_of(old)).equivalent
