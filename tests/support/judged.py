"""Random policies with a predicate beside each test, so that nothing of the language is used to judge them, and the
small worlds of all requests that they can tell apart.

    policy = made(Random(7))            its text, and its routes as predicates
    policy.first(request)               the route that takes a request
    Points(policy.world)                all requests, sets of them as bits
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations, product
from math import prod
from random import Random
from typing import Any

from rules.local import LOCAL_TASKS

GLOBS = ("*", "a*", "*b", "*a*", "ab", "?", "zen/*", "zen/m0", "b", "??*")
TOOL_GLOBS = ("*", "a*", "*b", "ab", "?")
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
        size, step = prod(map(len, world.values())), 1
        self.all = (1 << size) - 1
        for fact, values in world.items():
            run, period = (1 << step) - 1, step * len(values)
            self._with[fact] = {
                value: repeated(run << number * step, period, size) for number, value in enumerate(values)
            }
            step = period
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


def repeated(bits: int, period: int, size: int) -> int:
    """So many bits, over and over, up to a size that they divide."""
    length = period
    while length < size:
        bits |= bits << length
        length *= 2
    return bits & ((1 << size) - 1)


def union(masks: Iterable[int]) -> int:
    found = 0
    for one in masks:
        found |= one
    return found


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
