"""What can be proved about the routes of a policy, each with a request as proof.

All questions come to one: is there a request in these boxes and in none of those (`rules.regions`)? Answers are found
when asked for and kept. A question that exceeds its budget is undecided, and listed as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import msgspec

from rules.boxes import EVERYTHING, Box, Boxer
from rules.budget import LARGE, Budget
from rules.covers import smallest_cover
from rules.glob_automata import UndecidedError
from rules.globs import bits
from rules.nodes import And, Condition, In, Span, Test
from rules.policy_types import PolicyRoute
from rules.regions import Regions, Values, spoken
from rules.rows import compile_routes
from rules.variants import Variant, variants
from rules.walk import tests

MAX_BOXES = 512
"""Most boxes of one condition here; the router makes do with fewer."""


class Verdict(msgspec.Struct, frozen=True):
    """The answer to: is there such a request?"""

    request: Values | None
    """One, when there is."""
    decided: bool = True

    @property
    def never(self) -> bool:
        return self.decided and self.request is None


class Idle(msgspec.Struct, frozen=True):
    """A part of a condition that could go."""

    variant: Variant
    own: bool
    """Whether the rest of the condition says it already; otherwise earlier routes do."""


class _Trial(msgspec.Struct, frozen=True):
    variant: Variant
    left: tuple[Box, ...]
    """What is left without the part."""


class Analysis:
    """The routes of one policy. `also` are tests that make cells without standing in a route."""

    def __init__(
        self, routes: Sequence[PolicyRoute], *, also: Iterable[Test] = (), budget: Budget | None = None
    ) -> None:
        self.routes = tuple(routes)
        self.compiled = compile_routes(self.routes, also=also, most=MAX_BOXES)
        size = len(self.compiled.boxes) + self.compiled.globs
        self.too_large = budget is None and size > LARGE
        """Then every question is given up."""
        self.regions = Regions(self.compiled, budget or Budget.fitting(size))
        self.asked = {key for key, boxes in self.compiled.mentions.items() if boxes}
        """Facts that a route asks about."""
        self._boxer = Boxer(self.compiled.domains, MAX_BOXES)
        self._of = [0] * len(self.routes)
        for box, route in enumerate(self.compiled.owner):
            self._of[route] |= 1 << box
        self._boxes = [tuple(self.compiled.boxes[box] for box in bits(mask)) for mask in self._of]
        self._idle: dict[int, tuple[tuple[Idle, ...], bool]] = {}
        self._verdicts: dict[tuple[str, int], Verdict] = {}

    # --- the questions ----------------------------------------------------------------------------------------

    def possible(self, number: int) -> Verdict:
        """A request for which the condition of a route holds."""
        return self._kept("possible", number, self._boxes[number], 0)

    def otherwise(self, number: int) -> Verdict:
        """A request for which the condition of a route does not hold."""
        return self._kept("otherwise", number, (EVERYTHING,), self._of[number])

    def reached(self, number: int) -> Verdict:
        """A request that the route takes."""
        return self._kept("reached", number, self._boxes[number], self._before(number))

    @cached_property
    def gap(self) -> Verdict:
        """A request that no route takes."""
        return self._verdict((EVERYTHING,), self.compiled.everything)

    def reached_where(self, number: int, test: Condition) -> Verdict:
        """A request that the route takes and for which the test, over those of `also`, holds as well."""
        condition = self.routes[number].condition
        both = And((condition, test), test.span) if condition is not None else test
        found = self._boxer.boxes(both)
        return self._verdict(found.boxes, self._before(number), loose=not found.exact)

    @property
    def undecided(self) -> list[int]:
        """The routes with a question that was given up; the number of routes stands for the gap."""
        for number in range(len(self.routes)):
            self.reached(number)
            self.idle(number)
        found = {number for (_, number), verdict in self._verdicts.items() if not verdict.decided}
        found |= {number for number, (_, decided) in self._idle.items() if not decided}
        return sorted(found | (set() if self.gap.decided else {len(self.routes)}))

    def told(self, request: Values, *, about: str = "") -> dict[str, Any]:
        """A request as it is printed: the facts that a route asks about, and the one a finding is about."""
        return spoken({key: value for key, value in request.items() if key in self.asked or key[0] == about})

    def cover(self, number: int) -> tuple[int, ...]:
        """The fewest earlier routes that together take all a route could take; empty when that is undecided.

        Only routes that can be reached are named.
        """
        alive = self._alive & ((1 << number) - 1)

        def left_over(chosen: int) -> int:
            outside = sum(self._of[one] for one in bits(chosen))
            request = self.regions.request(self._boxes[number], outside)
            if request is None:
                return 0
            takers = self.regions.boxes_at(request)
            return sum({1 << self.compiled.owner[box] for box in bits(takers)}) & alive

        try:
            return tuple(bits(smallest_cover(left_over, alive)))
        except UndecidedError:
            return ()

    def conflict(self, number: int) -> tuple[Condition, ...]:
        """The fewest parts of a condition that cannot hold together, of a condition that is never true."""
        condition = self.routes[number].condition
        if not isinstance(condition, And):
            return () if condition is None else (condition,)
        kept = list(condition.items)
        for item in condition.items:
            rest = tuple(one for one in kept if one is not item)
            if rest and self._verdict(self._boxer.boxes(And(rest, item.span)).boxes, 0).never:
                kept.remove(item)
        return tuple(kept)

    def idle(self, number: int) -> tuple[Idle, ...]:
        """Parts of a reachable route's condition that can go, one after the other, without a change to anything."""
        if number not in self._idle:
            self._idle[number] = self._parts(number)
        return self._idle[number][0]

    # --- how they are answered --------------------------------------------------------------------------------

    @cached_property
    def _alive(self) -> int:
        """The routes that are not proved dead."""
        return sum(1 << number for number in range(len(self.routes)) if not self.reached(number).never)

    def _before(self, number: int) -> int:
        return (self._of[number] & -self._of[number]) - 1 if self._of[number] else 0

    def _kept(self, name: str, number: int, inside: Sequence[Box], outside: int) -> Verdict:
        found = self._verdicts.get((name, number))
        if found is None:
            loose = bool(self._of[number] & self.compiled.inexact)
            found = self._verdicts[name, number] = self._verdict(inside, outside, loose=loose)
        return found

    def _verdict(
        self, inside: Sequence[Box], outside: int, more: Sequence[Box] = (), *, loose: bool = False
    ) -> Verdict:
        """Boxes of a condition that is not exact are too large: staying out of them proves too little, and being in
        one (`loose`) is no proof at all."""
        inexact = outside & self.compiled.inexact
        try:
            request = self.regions.request(inside, outside, more)
            if request is None and inexact:
                request = self.regions.request(inside, outside & ~inexact, more)
                loose = True
        except UndecidedError:
            return Verdict(None, decided=False)
        return Verdict(None, decided=False) if request is not None and loose else Verdict(request)

    # --- parts that could go ----------------------------------------------------------------------------------

    def _affordable(self, condition: Condition) -> bool:
        """Each part that is left out makes a condition about as large as the whole."""
        parts = sum(len(test.values) if isinstance(test, In) else 1 for test in tests(condition))
        try:
            self.regions.budget.begin()
            self.regions.budget.spend(parts * parts // 40)
        except UndecidedError:
            return False
        return True

    def _trials(self, condition: Condition) -> list[_Trial]:
        found = [(variant, self._boxer.boxes(variant.condition)) for variant in variants(condition)]
        return [_Trial(variant, left.boxes) for variant, left in found if left.exact]

    def _parts(self, number: int) -> tuple[tuple[Idle, ...], bool]:
        """The parts, and whether all questions about them were answered."""
        route = self.routes[number]
        loose = self._of[number] & self.compiled.inexact
        if (
            route.condition is None
            or route.offer is not None
            or loose
            or self.reached(number).request is None
        ):
            return (), True
        found: list[Idle] = []
        needed: dict[tuple[Span, str], bool] = {}
        """Parts that cannot go, and whether the condition would be wider without them."""
        if not self._affordable(route.condition):
            return (), False
        decided, now, trials = True, self._boxes[number], self._trials(route.condition)
        while trials:
            trial = trials.pop(0)
            variant = trial.variant
            part = (variant.left_out, variant.what)
            if part in needed:
                continue
            change = self._change(now, trial, self._before(number))
            decided = decided and change.decided
            if not change.never:
                needed[part] = variant.wider
                continue
            found.append(Idle(variant, own=self._change(now, trial, 0).never))
            left = variant.condition
            now, trials = trial.left, self._trials(left) if left is not None else []
            # Who was needed is needed still, unless the one part narrows the condition and the other widens it.
            needed = {one: wider for one, wider in needed.items() if wider is variant.wider}
        return tuple(found), decided

    def _change(self, now: tuple[Box, ...], trial: _Trial, before: int) -> Verdict:
        """A request outside the boxes `before` for which the condition would say something else without the part."""
        more, less = (trial.left, now) if trial.variant.wider else (now, trial.left)
        return self._verdict(more, before, less)
