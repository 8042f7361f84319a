"""The analysis against enumeration: requests are listed, conditions evaluated as they are written.

Both sides are checked. What the analysis says is possible it proves by a request, which is evaluated here; what it
says is impossible must not occur among the requests that are listed.
"""

from __future__ import annotations

import random
from itertools import combinations, product
from typing import Any

import pytest

from rules.analysis import Analysis
from rules.budget import Budget
from rules.nodes import And, Compare, Flag, In, Is, Not, Or, Span, Within
from rules.policy_types import LocalAnswer, PolicyRoute
from rules.variants import variants
from support.analysed import analysed, routes_of

TEXTS = ["", "a", "b", "ab", "ba", "aab", "abb", "bab", "ax", "xb", "x"]
GLOBS = ["*", "", "a*", "*a", "*b*", "ab", "a?", "?b", "*a*b*", "??", "?*", "b", "a*b"]
NAMES = ["a", "ab", "b"]


# --- evaluated as written -------------------------------------------------------------------------------------


def glob_matches(glob: str, text: str) -> bool:
    row = [True] + [False] * len(text)
    for sign in glob:
        new = [row[0] and sign == "*"]
        for at, character in enumerate(text, 1):
            new.append(new[at - 1] or row[at] if sign == "*" else row[at - 1] and sign in ("?", character))
        row = new
    return row[-1]


def passes(test, seen) -> bool:
    match test:
        case Flag():
            return seen
        case Is() | In():
            values = (test.value,) if isinstance(test, Is) else test.values
            members = seen if isinstance(seen, frozenset) else [seen]
            return any(
                glob_matches(one.value, member) if one.kind == "glob" else one.value == member
                for one in values
                for member in members
            )
        case Within():
            low, high = test.low.value, test.high.value
            past = test.fact.name == "time" and high < low
            return (seen >= low or seen < high) if past else low <= seen < high
        case Compare():
            bound = test.value.value
            signs = {">": seen > bound, ">=": seen >= bound, "<": seen < bound, "<=": seen <= bound}
            return signs.get(test.operator, seen == bound)
    raise TypeError(test)


def true(condition, request) -> bool:
    match condition:
        case None:
            return True
        case Not():
            return not true(condition.item, request)
        case And():
            return all(true(item, request) for item in condition.items)
        case Or():
            return any(true(item, request) for item in condition.items)
        case _:
            return passes(condition, request[condition.fact.name, condition.fact.key])


class Points:
    """Listed requests; a condition is the set of those it holds for, as bits."""

    def __init__(self, facts):
        names = list(facts)
        listed = [dict(zip(names, values, strict=True)) for values in product(*facts.values())]
        self.requests = [one for one in listed if sound(one)]
        self.all = (1 << len(self.requests)) - 1

    def of(self, condition) -> int:
        match condition:
            case None:
                return self.all
            case Not():
                return self.all & ~self.of(condition.item)
            case And() | Or():
                found = [self.of(item) for item in condition.items]
                joined = found[0]
                for one in found[1:]:
                    joined = joined & one if isinstance(condition, And) else joined | one
                return joined
            case _:
                key = (condition.fact.name, condition.fact.key)
                truth = {}
                mask = 0
                for number, request in enumerate(self.requests):
                    seen = request[key]
                    if seen not in truth:
                        truth[seen] = passes(condition, seen)
                    if truth[seen]:
                        mask |= 1 << number
                return mask


def sound(request) -> bool:
    """Tools are as many as their names, or more when a name comes twice."""
    if ("tool", None) not in request or ("tools", None) not in request:
        return True
    names, count = request["tool", None], request["tools", None]
    return len(names) <= count and bool(names) == bool(count)


# --- random policies ------------------------------------------------------------------------------------------

SETS = [frozenset(one) for size in range(4) for one in combinations(NAMES, size)]
FACTS = {
    "tokens": (range(5), ["tokens > 1", "tokens >= 2.5", "tokens in 1..3", "tokens = 2", "tokens < 3"]),
    "images": (range(3), ["images > 0", "images <= 1", "images in (0, 2)", "images = 0"]),
    "model": (TEXTS, ["model is {g}", "model in ({g}, {g})", "model is {g}", "not model is {g}"]),
    "header.x-a": (TEXTS, ["header.x-a is {g}", "header.x-a in ({g}, {g}, {g})"]),
    "tool": (SETS, ["tool is {g}", "tool in ({g}, {g})", "not tool is {g}"]),
    "tools": (range(5), ["tools > 0", "tools = 0", "tools = 1", "tools <= 2", "tools in 1..4"]),
    "thinking": ((False, True), ["thinking"]),
    "effort": (("none", "low", "medium", "high", "max"), ["effort is high", "effort in (low, max)"]),
    "time": (
        (0, 359, 360, 719, 720, 1319, 1320, 1439),
        ["time in 22:00..06:00", "time in 06:00..12:00", "time >= 12:00", "time in 00:00..24:00"],
    ),
}


def key(name: str):
    return ("header", name.partition(".")[2]) if name.startswith("header.") else (name, None)


def atom(rng, names) -> str:
    form = rng.choice(FACTS[rng.choice(names)][1])
    while "{g}" in form:
        form = form.replace("{g}", f'"{rng.choice(GLOBS)}"', 1)
    return form


def condition(rng, names, depth) -> str:
    if depth == 0 or rng.random() < 0.4:
        return atom(rng, names)
    if rng.random() < 0.2:
        return f"not ({condition(rng, names, depth - 1)})"
    return rng.choice([" and ", " or "]).join(
        f"({condition(rng, names, depth - 1)})" for _ in range(rng.randint(2, 3))
    )


def policy(seed: int):
    rng = random.Random(seed)
    names = rng.sample(list(FACTS), rng.choice([1, 2, 2, 3]))
    if "tool" in names and rng.random() < 0.7:
        names = ["tool", "tools", *[one for one in names if one not in ("tool", "tools")][:1]]
    lines = [
        f"route r{n} when {condition(rng, names, rng.randint(0, 2))} answer locally"
        for n in range(rng.randint(1, 6))
    ]
    if rng.random() < 0.3:
        lines.append("route rest answer locally")
    routes = routes_of("\n".join(lines))
    return "\n".join(lines), routes, Points({key(name): FACTS[name][0] for name in names})


def proved(verdict, points: int, holds, text: str) -> None:
    """A verdict against the listed requests, and its own request against what it should be."""
    assert verdict.decided, text
    if verdict.request is None:
        assert not points, text
    else:
        assert sound(verdict.request), (verdict.request, text)
        assert holds(verdict.request), (verdict.request, text)


@pytest.mark.parametrize("block", range(20))
def test_verdicts_agree_with_enumeration(block):
    for seed in range(block * 100, block * 100 + 100):
        text, routes, points = policy(seed)
        analysis = Analysis(routes)
        before = 0
        for number, route in enumerate(routes):
            own = points.of(route.condition)
            earlier = routes[:number]

            def first(request, route=route, earlier=earlier):
                return true(route.condition, request) and not any(
                    true(one.condition, request) for one in earlier
                )

            proved(analysis.possible(number), own, lambda r, c=route.condition: true(c, r), text)
            proved(
                analysis.otherwise(number),
                points.all & ~own,
                lambda r, c=route.condition: not true(c, r),
                text,
            )
            proved(analysis.reached(number), own & ~before, first, text)
            before |= own
        proved(
            analysis.gap,
            points.all & ~before,
            lambda r, rs=routes: not any(true(one.condition, r) for one in rs),
            text,
        )
        assert analysis.undecided == []


@pytest.mark.parametrize("block", range(6))
def test_covers_are_covers_and_no_smaller_set_is_one(block):
    seen = 0
    for seed in range(block * 100, block * 100 + 100):
        text, routes, points = policy(seed)
        analysis = Analysis(routes)
        for number, route in enumerate(routes):
            if not analysis.reached(number).never or analysis.possible(number).never:
                continue
            seen += 1
            cover = analysis.cover(number)
            left = points.of(route.condition)
            for one in cover:
                left &= ~points.of(routes[one].condition)
            assert cover, text
            assert not left, text
            alive = [one for one in range(number) if analysis.reached(one).request]
            for fewer in combinations(alive, len(cover) - 1):
                few = Analysis([*(routes[one] for one in fewer), route])
                request = few.reached(len(fewer)).request
                assert request is not None, (text, cover, fewer)
                assert true(route.condition, request)
                assert not any(true(routes[one].condition, request) for one in fewer)
    assert seen > 10


@pytest.mark.parametrize("block", range(8))
def test_parts_without_effect_can_go_and_the_others_cannot(block):
    seen = 0
    for seed in range(block * 40, block * 40 + 40):
        text, routes, points = policy(seed)
        analysis = Analysis(routes)
        before = 0
        for number, route in enumerate(routes):
            own = points.of(route.condition)
            left: Any = route.condition
            for idle in analysis.idle(number):
                seen += 1
                was, left = points.of(left), idle.variant.condition
                assert (points.of(left) ^ own) & ~before == 0, (text, idle)
                assert not idle.own or points.of(left) == was, (text, idle)
            for variant in variants(left) if left is not None and analysis.reached(number).request else ():
                pair: Any = (variant.condition, left) if variant.wider else (left, variant.condition)
                more, less = pair
                only = Not(less, Span(0, 0))
                changed = only if more is None else And((more, only), Span(0, 0))
                probe = PolicyRoute("probe", changed, LocalAnswer(), Span(0, 0))
                request = Analysis([*routes[:number], probe]).reached(number).request
                assert request is not None, (text, variant)
                assert true(changed, request)
                assert not any(true(one.condition, request) for one in routes[:number])
            before |= own
    assert seen > 10


# --- by hand --------------------------------------------------------------------------------------------------


def test_the_smallest_cover_is_found_behind_larger_ones():
    text = """
route a when model is "a*" answer locally
route b when model is "b*" answer locally
route c when not model is "a*" and not model is "b*" answer locally
route d when images > 0 answer locally
route e when images = 0 answer locally
route f when stream answer locally
"""
    found = analysed(text)
    assert found.reached(3).never
    assert found.cover(5) == (0, 1, 2)
    swapped = text.replace("images > 0", "images >= 0")
    lines = swapped.splitlines()
    found = analysed("\n".join([lines[4], *lines[1:4], *lines[5:]]))
    assert found.cover(5) == (0,)


@pytest.mark.parametrize(
    ("condition", "possible"),
    [
        ('tools = 0 and tool is "X"', False),
        ('tools = 1 and tool is "X" and tool is "Y"', False),
        ('tools = 1 and tool is "X*" and tool is "*Y"', True),
        ('tools = 2 and tool is "X" and tool is "Y"', True),
        ('tools > 0 and not tool is "*"', False),
        ('tools > 0 and not tool is "?"', True),
        ('tools < 3 and tool is "a" and tool is "b" and tool is "c"', False),
        ('tools < 3 and tool is "*a" and tool is "b*" and tool is "*c*"', True),
    ],
)
def test_the_number_of_tools_and_their_names_belong_together(condition, possible):
    found = analysed(f"route a when {condition} answer locally")
    verdict = found.possible(0)
    assert (verdict.request is not None) is possible
    if verdict.request is not None:
        assert sound(verdict.request)


def test_a_gap_looks_like_a_request():
    found = analysed(
        'route a when model is "*haiku*" answer locally\nroute b when tokens > 120k answer locally'
    )
    assert found.gap.request == {("model", None): "claude-opus-4-7", ("tokens", None): 0}


def test_what_exceeds_the_budget_is_undecided_and_said_so():
    rng = random.Random(3)
    names = ["tokens", "images", "model", "header.x-a", "effort", "thinking"]
    text = "\n".join(f"route r{n} when {condition(rng, names, 2)} answer locally" for n in range(40))
    found = analysed(text, budget=Budget(each=1))
    assert found.undecided
    assert analysed(text).undecided == []
    open_ = [number for number in range(40) if not found.reached(number).decided]
    assert set(open_) <= set(found.undecided)
    assert all(found.cover(number) == () for number in open_)


def test_many_independent_globs_are_no_matter():
    words = [f"word{n}x" for n in range(24)]
    lines = [f'route r{n} when model is "*{word}*" answer locally' for n, word in enumerate(words)]
    both = f'route both when model is "*{words[0]}*{words[1]}*" answer locally'
    found = analysed("\n".join([*lines, both]))
    assert found.cover(len(lines)) in ((0,), (1,))
    assert found.gap.request is not None
    assert found.undecided == []
