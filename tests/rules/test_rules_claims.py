"""What lint says of random policies, against every request of a small world.

The policies are made with a predicate beside each test, so nothing of the language is used to judge it. A claim must
hold for every request listed, a request that is shown must be one of which the claim is true, and what the pages of
the codes promise to find must be found. `FCC_CLAIMS=10000` tries so many policies.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations, product
from math import prod
from random import Random
from typing import Any

import pytest

from rules.local import LOCAL_TASKS

POLICIES = int(os.environ.get("FCC_CLAIMS", "240"))
BLOCKS = 8

GLOBS = ("*", "a*", "*b", "*a*", "ab", "?", "zen/*", "zen/m0", "b", "??*")
TOOL_GLOBS = ("*", "a*", "*b", "ab", "?", "b")
WORDS = ("main", "title", "quota_probe", "compact", "prefix")
MODELS = tuple(f"zen/m{number}" for number in range(4))


def glob(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None


def told_apart(globs: tuple[str, ...], shortest: int = 0) -> list[str]:
    """A text for each way in which globs match; every one that these can tell apart is short."""
    short = ["".join(one) for size in range(shortest, 4) for one in product("abx", repeat=size)]
    listed = (*short, *(f"zen/{one}" for one in short), *MODELS)
    return list({tuple(glob(one, text) for one in globs): text for text in reversed(listed)}.values())


NAMES = told_apart(TOOL_GLOBS, shortest=1)
WORLD: dict[str, tuple[Any, ...]] = {
    "tokens": (0, 1, 2, 3, 4, 5),
    "images": (0, 1, 2, 3),
    "documents": (0, 1, 2, 3),
    "tools": (0, 1, 2, 3, 9),
    "tool": tuple(frozenset(one) for size in range(len(NAMES) + 1) for one in combinations(NAMES, size)),
    "model": tuple(dict.fromkeys((*told_apart(GLOBS), *MODELS))),
    "header.x-a": tuple(told_apart(GLOBS)),
    "task": (*WORDS, "search", "filepaths"),
    "thinking": (False, True),
    "time": (0, 359, 360, 1319, 1320),
}
"""Of values that no test here tells apart one: of numbers those up to the largest bound and one above it."""
ABILITIES = {"images": "FCC401", "documents": "FCC402", "tools": "FCC403"}
ALWAYS = ("tokens", *ABILITIES)

Request = dict[str, Any]


# --- conditions, each with what it means ----------------------------------------------------------------------


@dataclass(eq=False)
class Condition:
    """`kind`: a test, `and`, `or` or `not`."""

    text: str
    kind: str
    items: list[Condition] = field(default_factory=list)
    fact: str = ""
    passes: Callable[[Any], bool] = bool

    def holds(self, request: Request) -> bool:
        if self.kind == "test":
            return self.passes(request[self.fact])
        found = [one.holds(request) for one in self.items]
        return {"and": all(found), "or": any(found), "not": not found[0]}[self.kind]

    def facts(self) -> set[str]:
        return {self.fact} if self.kind == "test" else set().union(*(one.facts() for one in self.items))


def a_test(random: Random, fact: str) -> Condition:
    def made(text: str, passes: Callable[[Any], bool]) -> Condition:
        return Condition(f"{fact} {text}".strip(), "test", fact=fact, passes=passes)

    if fact == "thinking":
        return made("", bool)
    if fact == "time":
        return random.choice(
            (
                made("in 22:00..06:00", lambda seen: seen >= 1320 or seen < 360),
                made("in 06:00..22:00", lambda seen: 360 <= seen < 1320),
                made(">= 06:00", lambda seen: seen >= 360),
            )
        )
    if fact == "task":
        words = random.sample(WORDS, random.choice((1, 1, 2, 3)))
        text = f"is {words[0]}" if len(words) == 1 else f"in ({', '.join(words)})"
        return made(text, lambda seen: seen in words)
    if fact in ("tokens", "images", "documents", "tools"):
        bound, more = random.randrange(3 if fact == "tokens" else 2), random.randrange(1, 3)
        return random.choice(
            (
                made(f"> {bound}", lambda seen: seen > bound),
                made(f">= {bound}", lambda seen: seen >= bound),
                made(f"< {bound + 1}", lambda seen: seen < bound + 1),
                made(f"= {bound}", lambda seen: seen == bound),
                made(f"in {bound}..{bound + more}", lambda seen: bound <= seen < bound + more),
            )
        )
    patterns = random.sample(TOOL_GLOBS if fact == "tool" else GLOBS, random.choice((1, 1, 1, 2)))
    listed = ", ".join(f'"{one}"' for one in patterns)
    text = f"is {listed}" if len(patterns) == 1 else f"in ({listed})"
    return made(
        text,
        lambda seen: any(
            glob(one, text) for one in patterns for text in (seen if fact == "tool" else [seen])
        ),
    )


def condition(random: Random, facts: list[str], depth: int) -> Condition:
    if depth == 0 or random.random() < 0.45:
        found = a_test(random, random.choice(facts))
        return Condition(f"not {found.text}", "not", [found]) if random.random() < 0.2 else found
    items = [condition(random, facts, depth - 1) for _ in range(random.randint(2, 3))]
    kind = random.choice(("and", "or"))
    whole = Condition(f" {kind} ".join(f"({one.text})" for one in items), kind, items)
    return Condition(f"not ({whole.text})", "not", [whole]) if random.random() < 0.15 else whole


# --- policies -------------------------------------------------------------------------------------------------


@dataclass
class Route:
    name: str
    condition: Condition | None
    steps: list[str] | None = None
    """Models that are asked, `requested` among them; None: nobody is."""
    local: bool = False
    offer: bool = False
    taken: int = 0
    holds: int = 0

    def takes(self, request: Request) -> bool:
        fits = self.condition is None or self.condition.holds(request)
        return fits and (not self.local or request["task"] in LOCAL_TASKS)


@dataclass
class Made:
    text: str
    world: dict[str, tuple[Any, ...]]
    routes: list[Route]
    models: dict[str, dict[str, Any]]
    expects: list[tuple[str, Request]]

    def first(self, request: Request) -> Route | None:
        return next((one for one in self.routes if one.takes(request)), None)


def made(random: Random) -> Made:
    facts = random.sample([one for one in WORLD if one not in ALWAYS], random.choice((1, 2)))
    asked = [*facts, *random.sample(ALWAYS, random.choice((1, 2)))]
    if "tool" in facts:
        asked = ["tool", "tools"]
    models = {
        name: {
            "images": random.random() < 0.6,
            "documents": random.random() < 0.5,
            "tools": random.random() < 0.7,
            **({"context": random.choice((2, 3, 4))} if random.random() < 0.7 else {}),
        }
        for name in MODELS
    }
    lines, routes, chains = [], [], {}
    for name in ("c0", "c1")[: random.randrange(3)]:
        chains[name] = random.sample(list(models), random.randint(1, 3))
        lines.append(f"chain {name} = {' then '.join(chains[name])}")
    for number in range(random.randint(1, 6)):
        if random.random() < 0.12:
            model = random.choice(list(models))
            lines.append(f"offer {model}")
            is_it = Condition("", "test", fact="model", passes=lambda seen, model=model: seen == model)
            routes.append(Route(f"offer {model}", is_it, [model], offer=True))
        else:
            routes.append(route(random, f"r{number}", asked, models, chains))
            when = f" when {routes[-1].condition.text}" if routes[-1].condition else ""
            lines.append(f"route r{number}{when} {action(random, routes[-1], chains)}")
    if any(one.local for one in routes) and "task" not in asked:
        asked.append("task")
    if any(one.offer for one in routes) and "model" not in asked:
        asked.append("model")
    few = {one: (0, 1) for one in ABILITIES if one not in asked}
    world = {one: WORLD[one] for one in ("tokens", *ABILITIES, *asked)} | few
    expects = []
    for _ in range(random.choice((0, 0, 2, 4))):
        request = sound({one: random.choice(values) for one, values in world.items()})
        named = [one.name for one in routes if not one.offer]
        if named:
            expects.append((random.choice(named), request))
            lines.append(f"expect {expects[-1][0]} given {', '.join(given(request))}")
    tables = "".join(f'\n[models."{name}"]\n{table(known)}' for name, known in models.items())
    return Made("rules = '''\n" + "\n".join(lines) + f"\n'''\n{tables}", world, routes, models, expects)


def table(known: dict[str, Any]) -> str:
    return "".join(f"{key} = {str(value).lower()}\n" for key, value in known.items())


def route(
    random: Random, name: str, facts: list[str], models: dict[str, Any], chains: dict[str, list[str]]
) -> Route:
    when = condition(random, facts, random.randint(0, 2)) if random.random() < 0.85 else None
    roll = random.random()
    if roll < 0.15:
        return Route(name, when, local=True)
    if roll < 0.25:
        return Route(name, when)
    steps = random.sample(
        [*models, *chains, *(["requested"] if random.random() < 0.1 else [])], random.randint(1, 2)
    )
    return Route(name, when, steps)


def action(random: Random, route: Route, chains: dict[str, list[str]]) -> str:
    if route.local:
        return "answer locally"
    if route.steps is None:
        return random.choice(('answer "no"', 'refuse 429 "later"'))
    if len(route.steps) == 2 and "requested" not in route.steps and random.random() < 0.3:
        text = f"use rotate ({', '.join(route.steps)})"
    else:
        text = f"use {' then '.join(route.steps)}"
    route.steps = [model for one in route.steps for model in chains.get(one, [one])]
    return text


def given(request: Request) -> list[str]:
    words = []
    for fact, value in request.items():
        if isinstance(value, frozenset):
            words += [f'tool "{one}"' for one in sorted(value)]
        elif isinstance(value, bool):
            words += [fact] if value else []
        elif fact == "time":
            words.append(f"time {value // 60:02}:{value % 60:02}")
        else:
            words.append(f'{fact} "{value}"' if fact in ("model", "header.x-a") else f"{fact} {value}")
    return words


# --- the world ------------------------------------------------------------------------------------------------


def sound(request: Request) -> Request:
    """Tools are as many as their names, or more when a name comes twice; none without a name."""
    if "tool" in request and "tools" in request and not fits(request):
        request["tools"] = len(request["tool"])
    return request


def fits(request: Request) -> bool:
    if "tool" not in request or "tools" not in request:
        return True
    return len(request["tool"]) <= request["tools"] and bool(request["tool"]) == bool(request["tools"])


class Points:
    """All requests over some facts, sets of them as bits."""

    def __init__(self, world: dict[str, tuple[Any, ...]]) -> None:
        self._with: dict[str, dict[Any, int]] = {}
        size = prod(map(len, world.values()))
        whole, step = (1 << size) - 1, 1
        for fact, values in world.items():
            period = step * len(values)
            every = whole // ((1 << period) - 1)
            self._with[fact] = {
                value: (((1 << step) - 1) << (number * step)) * every for number, value in enumerate(values)
            }
            step = period
        self.all = whole
        if "tool" in world:
            pairs = product(self._with["tool"].items(), self._with["tools"].items())
            self.all = union(
                a & b for (names, a), (count, b) in pairs if fits({"tool": names, "tools": count})
            )

    def where(self, fact: str, passes: Callable[[Any], bool]) -> int:
        return self.all & union(mask for value, mask in self._with[fact].items() if passes(value))

    def of(self, condition: Condition | None) -> int:
        if condition is None:
            return self.all
        if condition.kind == "test":
            return self.where(condition.fact, condition.passes)
        found = [self.of(one) for one in condition.items]
        joined = found[0]
        for one in found[1:]:
            joined = joined & one if condition.kind == "and" else joined | one
        return self.all & ~joined if condition.kind == "not" else joined


def filled(world: dict[str, tuple[Any, ...]], witness: dict[str, Any] | None) -> Request:
    """A request that is shown, with something for what it leaves out, which must not matter."""
    shown = dict(witness or {})
    if "tool" in shown:
        shown["tool"] = frozenset([shown["tool"]] if isinstance(shown["tool"], str) else shown["tool"])
        shown.setdefault("tools", len(shown["tool"]))
    if isinstance(shown.get("time"), str):
        hours, minutes = shown["time"].split(":")
        shown["time"] = int(hours) * 60 + int(minutes)
    rest = {fact: values[0] for fact, values in world.items() if fact not in shown}
    if "tools" in rest and "tool" in shown:
        rest["tools"] = len(shown["tool"])
    if shown.get("tools") and "tool" in rest:
        rest["tool"] = frozenset(("a",))
    return rest | shown


# --- the claims -----------------------------------------------------------------------------------------------


def judge(read_policy: Any, policy: Made, points: Points) -> dict[str, int]:
    """Every claim about a policy; how many of each code there were."""
    before = 0
    local = points.where("task", lambda seen: seen in LOCAL_TASKS) if "task" in policy.world else 0
    for one in policy.routes:
        one.holds = points.of(one.condition) & (local if one.local else points.all)
        one.taken = one.holds & ~before
        before |= one.holds
    found = read_policy(policy.text).diagnostics
    assert not [one for one in found if one.code < "FCC300" and one.severity == "error"], (policy.text, found)
    assert not [one for one in found if one.code == "FCC308"], policy.text
    wanted = expected(policy, points, before)
    told: dict[str, list[Any]] = {}
    for one in found:
        told.setdefault(one.code, []).append(one)
    for code, names in wanted.items():
        said = sorted(name_in(one.message) for one in told.get(code, []))
        if code == "FCC301":  # an offer that stands twice is not told of
            said = [one for one in said if not one.startswith("offer ")]
        assert said == sorted(names), (code, said, names, policy.text)
    for one in told.get("FCC301", []):
        dead = next(
            route for route in policy.routes if route.name == name_in(one.message) and not route.taken
        )
        labels = [policy.text[label.span.start : label.span.end] for label in one.labels[:-1]]
        cover = [route for route in policy.routes if route.name.removeprefix("offer ") in labels]
        assert not dead.holds & ~union(route.holds for route in cover), (one, policy.text)
        assert all(dead.holds & ~union(r.holds for r in cover if r is not each) for each in cover), (
            policy.text
        )
    for one in found:
        if one.witness is not None and one.code in ("FCC304", "FCC401", "FCC402", "FCC403", "FCC404"):
            request = filled(policy.world, dict(one.witness))
            taker = policy.first(request)
            assert fits(request), (one, policy.text)
            assert (taker.name if taker else None) == (
                None if one.code == "FCC304" else name_in(one.message)
            ), (
                one,
                policy.text,
            )
            about = next((fact for fact, code in ABILITIES.items() if code == one.code), None)
            assert about is None or request[about] > 0, (one, policy.text)
    return {code: len(ones) for code, ones in told.items()}


def union(masks: Any) -> int:
    found = 0
    for one in masks:
        found |= one
    return found


def name_in(message: str) -> str:
    found = re.search(r"`((?:offer )?(?:r\d|zen/m\d))`", message)
    return found[1] if found else ""


def expected(policy: Made, points: Points, covered: int) -> dict[str, list[str]]:
    """By code the routes that should be told of."""
    written = [one for one in policy.routes if not one.offer]
    wanted: dict[str, list[str]] = {
        "FCC301": [one.name for one in written if one.holds and not one.taken],
        "FCC302": [one.name for one in written if not one.holds],
        "FCC303": [
            one.name for one in written if one.condition and not one.local and one.holds == points.all
        ],
        "FCC304": [] if covered == points.all else [""],
        "FCC404": [],
    }
    for ability, code in ABILITIES.items():
        some = points.where(ability, lambda seen: seen > 0)
        wanted[code] = [one.name for one in written if one.steps and unable(policy, one, ability, some)]
    wanted["FCC402"] = wanted["FCC402"][:1]  # as its page says
    for one in written:
        sizes = [policy.models.get(step, {}).get("context") for step in one.steps or ()]
        if not sizes or None in sizes:
            continue
        longer = points.where("tokens", lambda seen, sizes=sizes: seen > max(sizes))
        if one.taken & longer:
            said = one.condition is not None and "tokens" in one.condition.facts()
            wanted["FCC404"] += [one.name] if said or not one.taken & ~longer else []
    if policy.expects:
        reached = [policy.first(request) for _, request in policy.expects]
        wanted["FCC702"] = [one.name for one in written if one not in reached]
        missed = zip(policy.expects, reached, strict=True)
        wrong = [(expect[0], got) for expect, got in missed if got is None or got.name != expect[0]]
        wanted["FCC701"] = [name if got is None else got.name for name, got in wrong]
    return wanted


def unable(policy: Made, route: Route, ability: str, some: int) -> bool:
    lacking = [one for one in route.steps or () if one != "requested" and not policy.models[one][ability]]
    if len(lacking) == len(route.steps or ()):
        return bool(route.taken & some)
    return bool(lacking and route.taken and not route.taken & ~some)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_claim_is_true_and_none_is_missing(read_policy, block):
    seen: dict[str, int] = {}
    for seed in range(block, POLICIES, BLOCKS):
        policy = made(Random(seed))
        for code, count in judge(read_policy, policy, Points(policy.world)).items():
            seen[code] = seen.get(code, 0) + count
    assert {"FCC301", "FCC302", "FCC304", "FCC401", "FCC702"} <= seen.keys()
