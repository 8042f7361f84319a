"""The router against conditions evaluated as they are written, and what it reads and remembers."""

from __future__ import annotations

import random
import time
from types import SimpleNamespace
from typing import Any

import pytest

from engine import router as routers
from engine.router import Router
from rules.facts import DAYS, EFFORTS, TASKS
from rules.nodes import And, Compare, Flag, In, Is, Not, Or, Within
from rules.parser import parse
from rules.policy_types import PolicyRoute
from rules.resolve import resolve
from rules.rows import compile_routes
from rules.settings import Settings


def policy(rules: str):
    document, found = parse(rules)
    assert [one for one in found if one.severity == "error"] == []
    return resolve(document, Settings(), {})


class View(SimpleNamespace):
    """A request that counts what is asked of it."""

    def __init__(self, **said):
        blank = {
            "model": "claude-opus-4-7",
            "task": "main",
            "tokens": 0,
            "max_tokens": 0,
            "turns": 0,
            "tools": 0,
            "images": 0,
            "documents": 0,
            "thinking": False,
            "stream": False,
            "effort": "none",
            "tool": frozenset(),
            "session": "",
            "client": "",
            "agent": "",
            "minute": 0,
            "day": "mon",
            "headers": {},
        }
        super().__init__(values={**blank, **said}, asked=[])

    def __getattr__(self, name):
        if name.startswith("_") or name in ("values", "asked"):
            raise AttributeError(name)
        self.asked.append(name)
        return self.values[name]

    def header(self, name):
        self.asked.append(f"header.{name}")
        return self.values["headers"].get(name, "")


# --- an evaluator of its own ----------------------------------------------------------------------------------


def glob_matches(glob: str, text: str) -> bool:
    """By the table of all pairs of beginnings: slow, and plainly right."""
    row = [True] + [False] * len(text)
    for sign in glob:
        new = [row[0] and sign == "*"]
        for at, character in enumerate(text, 1):
            if sign == "*":
                new.append(new[at - 1] or row[at])
            else:
                new.append(row[at - 1] and sign in ("?", character))
        row = new
    return row[-1]


def value_of(fact, view):
    if fact.key is not None:
        return view.values["headers"].get(fact.key, "")
    return view.values["minute" if fact.name == "time" else fact.name]


def equals(said, seen):
    if said.kind != "glob":
        return said.value == seen
    return any(glob_matches(said.value, one) for one in ([seen] if isinstance(seen, str) else seen))


def true(condition, view) -> bool:
    match condition:
        case None:
            return True
        case Not():
            return not true(condition.item, view)
        case And():
            return all(true(item, view) for item in condition.items)
        case Or():
            return any(true(item, view) for item in condition.items)
        case Flag():
            return value_of(condition.fact, view)
        case Is():
            return equals(condition.value, value_of(condition.fact, view))
        case In():
            return any(equals(one, value_of(condition.fact, view)) for one in condition.values)
        case Within():
            seen, low, high = value_of(condition.fact, view), condition.low.value, condition.high.value
            if condition.fact.name == "time" and high < low:
                return seen >= low or seen < high
            return low <= seen < high
        case Compare():
            seen, bound = value_of(condition.fact, view), condition.value.value
            return {
                ">": seen > bound,
                ">=": seen >= bound,
                "<": seen < bound,
                "<=": seen <= bound,
                "=": seen == bound,
            }[condition.operator]
    raise TypeError(condition)


def first(routes, view):
    return next((route for route in routes if true(route.condition, view)), None)


# --- random policies ------------------------------------------------------------------------------------------

GLOBS = ["*", "", "a*", "*a", "*b*", "ab", "a?", "?b", "*a*b*", "??", "?*", "b", "c-*-d"]
TEXTS = ["", "a", "b", "ab", "ba", "aab", "abb", "c--d", "c-x-d", "xyz", "a\nb"]


def atom(rng: random.Random) -> str:
    number = rng.choice(["tokens", "images", "turns"])
    text = rng.choice(["model", "tool", "header.x-a", "client"])
    globs = [f'"{one}"' for one in rng.sample(GLOBS, 3)]
    return rng.choice(
        [
            f"{number} {rng.choice(['>', '>=', '<', '<=', '='])} {rng.choice(['0', '1', '2', '2.5', '3'])}",
            f"{number} in {rng.choice(['0..2', '1..3', '0.5..2.5'])}",
            f"{number} in (1, 3)",
            f"{text} is {globs[0]}",
            f"{text} in ({', '.join(globs)})",
            f"task in ({', '.join(rng.sample(TASKS, 2))})",
            f"effort is {rng.choice(EFFORTS)}",
            f"time in {rng.choice(['22:00..06:00', '06:00..22:00', '00:00..24:00', '12:00..12:00'])}",
            f"time {rng.choice(['<', '>='])} 12:00",
            f"day in ({', '.join(rng.sample(DAYS, 3))})",
            "thinking",
            "stream",
        ]
    )


def condition(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.3:
        return atom(rng)
    if rng.random() < 0.25:
        return f"not ({condition(rng, depth - 1)})"
    word = rng.choice([" and ", " or "])
    return word.join(f"({condition(rng, depth - 1)})" for _ in range(rng.randint(2, 4)))


def rules(rng: random.Random, routes: int, depth: int) -> str:
    return "\n".join(f"route r{n} when {condition(rng, depth)} use a/b" for n in range(routes))


def view(rng: random.Random) -> View:
    texts = {name: rng.choice(TEXTS) for name in ("model", "client")}
    numbers = {name: rng.randint(0, 4) for name in ("tokens", "images", "turns")}
    return View(
        **texts,
        **numbers,
        tool=frozenset(rng.sample(TEXTS, rng.randint(0, 3))),
        headers={"x-a": rng.choice(TEXTS)},
        task=rng.choice(TASKS),
        effort=rng.choice(EFFORTS),
        minute=rng.choice([0, 359, 360, 719, 720, 721, 1319, 1320, 1439]),
        day=rng.choice(DAYS),
        thinking=rng.random() < 0.5,
        stream=rng.random() < 0.5,
    )


@pytest.mark.parametrize("seed", range(150))
def test_the_first_route_whose_condition_holds_is_taken(seed):
    rng = random.Random(seed)
    found = policy(rules(rng, rng.randint(1, 8), rng.randint(0, 3)))
    router = Router(found)
    for _ in range(40):
        request = view(rng)
        expected = first(found.routes, request)
        assert router.decide(request) is expected
        passed = router.explain(request)
        before = found.routes.index(expected) if expected else len(found.routes)
        assert [one.route for one in passed] == list(found.routes[:before])
        assert all(one.saw == value_of(one.test.fact, request) for one in passed)


def test_a_condition_too_large_for_boxes_is_decided_all_the_same():
    pairs = " and ".join(
        f'({a} or header.x-{n} is "on")' for n, a in enumerate(["tokens > 1", "images > 1"] * 5)
    )
    found = policy(f"route big when {pairs} use a/b\nroute notbig when not ({pairs}) use a/c")
    compiled = compile_routes(found.routes)
    assert compiled.inexact
    router = Router(found)
    rng = random.Random(1)
    for _ in range(500):
        headers = {f"x-{n}": "on" for n in range(10) if rng.random() < 0.9}
        request = View(tokens=rng.randint(0, 2), images=rng.randint(0, 2), headers=headers)
        assert router.decide(request) is first(found.routes, request)


# --- what is read, what is kept -------------------------------------------------------------------------------

ORDERED = """
route small when model is "*haiku*" use a/b
route seen  when images > 0 use a/c
route long  when tokens > 10 use a/d
route rest  use a/e
"""


def decided(router: Router, view: Any) -> PolicyRoute:
    """The route that takes a request which some route takes."""
    found = router.decide(view)
    assert found is not None
    return found


def test_facts_that_no_route_uses_are_never_read():
    router = Router(policy(ORDERED))
    request = View()
    assert decided(router, request).name == "rest"
    assert request.asked == ["model", "images", "tokens"]
    assert router.facts == {("model", None), ("images", None), ("tokens", None)}


@pytest.mark.parametrize(
    ("said", "route", "asked"),
    [
        ({"model": "claude-haiku"}, "small", ["model"]),
        ({"images": 1}, "seen", ["model", "images"]),
        ({"tokens": 11}, "long", ["model", "images", "tokens"]),
    ],
)
def test_a_fact_is_read_only_while_the_answer_depends_on_it(said, route, asked):
    request = View(**said)
    assert decided(Router(policy(ORDERED)), request).name == route
    assert request.asked == asked


def test_explain_names_the_test_that_decided_and_what_it_saw():
    found = policy(
        "route a when tokens > 10 and (images > 0 or not stream) use x/a\nroute b when stream use x/b"
    )
    passed = Router(found).explain(View(tokens=11, stream=True))
    assert [(one.route.name, one.test.fact.name, one.saw) for one in passed] == [("a", "images", 0)]


def test_without_a_route_there_is_none():
    router = Router(policy("route a when images > 0 use a/b"))
    assert router.decide(View()) is None
    assert [one.route.name for one in router.explain(View())] == ["a"]
    assert Router(policy("")).decide(View()) is None


def test_offers_are_found_by_their_id_at_their_place():
    listed = "\n".join(f"offer zen/m{n}" for n in range(300))
    router = Router(policy(f"{listed}\nroute rest use zen/other"))
    assert decided(router, View(model="zen/m217")).offer == "zen/m217"
    assert decided(router, View(model="zen/m300")).name == "rest"


def test_rows_kept_for_texts_are_bounded(monkeypatch):
    monkeypatch.setattr(routers, "KEPT", {"text": (4, 10), "set": (4, 10)})
    router = Router(policy('route a when model is "1*" and not tool is "x" use a/b\nroute b use a/c'))
    for number in range(100):
        request = View(model=str(number) * (number % 7 + 1), tool=frozenset({"x" * (number % 20)}))
        wanted = str(number).startswith("1") and number % 20 != 1
        assert decided(router, request).name == ("a" if wanted else "b")
    kept = [
        cell.cell_contents for step, _ in router._steps for cell in getattr(step, "__closure__", None) or ()
    ]
    assert [len(one) <= 4 for one in kept if isinstance(one, dict)] == [True, True]


def cost_of_deciding(count: int) -> float:
    """Least CPU seconds of five rounds over requests for the last of so many routes."""
    lines = "\n".join(f'route r{n} when model is "m{n}-*" and tokens > {n} use a/b' for n in range(count))
    router = Router(policy(f"{lines}\nroute rest use a/c"))
    asked = [View(model=f"m{count - n}-x", tokens=n % 3) for n in range(1, 50)]
    costs = []
    for _ in range(5):
        started = time.process_time()
        for _ in range(20):
            for one in asked:
                router.decide(one)
                one.asked.clear()
        costs.append(time.process_time() - started)
    return min(costs)


def test_the_cost_of_a_decision_is_flat_in_the_number_of_routes():
    assert cost_of_deciding(1000) < 5 * cost_of_deciding(20)
