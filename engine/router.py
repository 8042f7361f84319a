"""Which route takes a request: compiled once from a policy, then a few look-ups and ANDs a request.

Each fact that a route asks about is read at most once, and only as long as an answer depends on it: facts that cost
more to find out come last, and deciding stops at a route that none of the facts left could rule out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rules.cells import FactKey, Numbers, Texts
from rules.evaluate import first_failing
from rules.evaluate import holds as condition_holds
from rules.facts import FACTS, RequestView
from rules.nodes import Test
from rules.policy_types import Policy, PolicyRoute
from rules.rows import Compiled, TextRows, compile_routes

COSTLY = ("images", "documents", "tool", "task", "tokens")
"""Facts for which the whole request is walked, the cheapest first."""

KEPT = {"text": (4096, 256), "set": (64, 16_384)}
"""How many values of a text or a set of texts have their row kept, and of how many characters at most: when there are
more, all are forgotten, and longer ones are matched anew each time. Clients cannot fill the memory with them."""

Lookup = Callable[[RequestView], int]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An earlier route that did not take the request."""

    route: PolicyRoute
    test: Test
    """The first test that decided against it."""
    saw: Any
    """The value the request has for the fact of that test."""


class Router:
    """Immutable but for the rows it remembers."""

    def __init__(self, policy: Policy) -> None:
        self.compiled = compile_routes(policy.routes)
        self.facts = frozenset(self.compiled.domains)
        """The facts that a route asks about; no other is ever read."""
        keys = sorted(self.facts, key=_cost)
        self._all = self.compiled.everything
        self._inexact = self.compiled.inexact
        self._steps: list[tuple[Lookup, int]] = []
        later = 0
        for key in reversed(keys):
            settled = self._all & ~later & ~self._inexact
            self._steps.insert(0, (_lookup(self.compiled, key), settled))
            later |= self.compiled.mentions[key]

    def decide(self, view: RequestView, after: PolicyRoute | None = None) -> PolicyRoute | None:
        """The first route whose condition holds, of those behind `after` if that is given; None when there is none."""
        compiled, alive = self.compiled, self._all
        if after is not None:
            alive &= -1 << bisect_right(compiled.owner, compiled.routes.index(after))
        for lookup, settled in self._steps:
            alive &= lookup(view)
            low = alive & -alive
            if low & settled:
                return compiled.routes[compiled.owner[low.bit_length() - 1]]
        while alive:
            low = alive & -alive
            route = compiled.routes[compiled.owner[low.bit_length() - 1]]
            if not low & self._inexact or condition_holds(route.condition, view):
                return route
            alive ^= low
        return None

    def explain(self, view: RequestView) -> list[PassedOver]:
        """Every route before the one that takes the request, all of them when none does, in file order."""
        taken = self.decide(view)
        passed = []
        for route in self.compiled.routes:
            if route is taken:
                break
            failing = first_failing(route.condition, view)
            if failing is not None:
                passed.append(PassedOver(route, failing.test, failing.saw))
        return passed


def _cost(key: FactKey) -> tuple[int, int, str]:
    costly = COSTLY.index(key[0]) + 1 if key[0] in COSTLY else 0
    return costly, list(FACTS).index(key[0]), key[1] or ""


def _lookup(compiled: Compiled, key: FactKey) -> Lookup:
    """From a request to the boxes that its value of one fact allows."""
    domain = compiled.domains[key]
    if isinstance(domain, Texts):
        return _text_lookup(key, domain, compiled.texts[key])
    rows, reader = compiled.cells[key], FACTS[key[0]].read
    if isinstance(domain, Numbers):
        cell = domain.cell
        return lambda view: rows[cell(reader(view))]
    by_word = dict(zip(domain.words, rows, strict=True))
    nothing = compiled.everything & ~compiled.mentions[key]
    return lambda view: by_word.get(reader(view), nothing)


def _text_lookup(key: FactKey, domain: Texts, rows: TextRows) -> Lookup:
    reader, header = FACTS[key[0]].read, key[1]
    most, longest = KEPT["set" if domain.is_set else "text"]
    kept: dict[Any, int] = {}

    def lookup(view: RequestView) -> int:
        value = reader(view) if header is None else reader(view)(header)
        row = kept.get(value)
        if row is None:
            row = rows.row(domain.matched(value))
            if (sum(map(len, value)) if domain.is_set else len(value)) <= longest:
                if len(kept) >= most:
                    kept.clear()
                kept[value] = row
        return row

    return lookup
