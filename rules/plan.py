"""Two policies compared by what becomes of requests: which classes of requests see another outcome, with one of each.

Both policies are compiled together, so that every cell of the one is made of cells of both (their common refinement).
A change then is a pair of an old and a new case with different outcomes, and a request that the one takes before and
the other afterwards; for each pair that is one question to `rules.regions`, answered exactly or given up.

Most pairs need not be asked about. Where two cases are alike, conditions and outcomes, and stand in the same order as
others that are alike, a request goes from the one to the other unless a case that is not alike takes it: one side of
every change is a case without its like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import msgspec

from rules.box_words import box_words
from rules.boxes import Box, intersection
from rules.budget import Budget
from rules.cells import shown
from rules.evaluate import holds
from rules.facts import RequestView
from rules.given import GivenFacts
from rules.glob_automata import UndecidedError
from rules.globs import bits
from rules.outcomes import Case, cases
from rules.policy_types import Policy
from rules.regions import Regions, Values, spoken
from rules.rows import compile_routes
from rules.settings_changes import OfferChange, SettingChange, offer_changes, setting_changes
from rules.widen import Widening

MAX_BOXES = 128
"""Most boxes of one condition."""
MAX_PAIRS = 20_000
"""Most pairs of boxes of two conditions that are looked at."""
STEPS = 20_000
"""Steps that one comparison may take: some seconds at most."""
EACH = 2_000


class Change(msgspec.Struct, frozen=True):
    """A class of requests with another outcome."""

    old: Case
    new: Case
    given: Mapping[str, str]
    """Facts and values: every request with these has this change."""
    witness: Mapping[str, Any]
    """One of them, as facts to be put to `fcc explain`."""
    whole: bool
    """Whether no request outside `given` has the same change."""


class Comparison(msgspec.Struct, frozen=True):
    changes: tuple[Change, ...]
    renamed: tuple[tuple[str, str], ...]
    """Routes that do the same under another name, for some requests at least."""
    offers: tuple[OfferChange, ...]
    settings: tuple[SettingChange, ...]
    undecided: tuple[tuple[Case, Case], ...]
    """Pairs of cases for which the question was given up."""
    cases: tuple[tuple[Case, ...], tuple[Case, ...]]
    """All of the old policy and all of the new one."""

    @property
    def equivalent(self) -> bool:
        """Nothing but text differs: remarks, layout, names."""
        return not (self.changes or self.offers or self.settings or self.undecided)


def compare(old: Policy, new: Policy, *, budget: Budget | None = None) -> Comparison:
    """Exact within the budget. Neither policy may have errors."""
    defaults = old.settings.defaults == new.settings.defaults
    pair = _Pair(
        cases(old, defaults=defaults), cases(new, defaults=defaults), budget or Budget(STEPS, each=EACH)
    )
    changes, renamed, undecided = pair.compared()
    return Comparison(
        tuple(changes),
        tuple(renamed),
        tuple(offer_changes(old, new)),
        tuple(setting_changes(old.settings, new.settings)),
        tuple(undecided),
        pair.sides,
    )


class _Found(msgspec.Struct, frozen=True):
    old: int
    new: int
    request: Values
    inside: list[Box]


class _Pair:
    """The cases of both policies over common cells. Cases are numbered in each policy from zero."""

    def __init__(self, old: Sequence[Case], new: Sequence[Case], budget: Budget) -> None:
        self.sides = (tuple(old), tuple(new))
        self.compiled = compile_routes([case.route for case in (*old, *new)], most=MAX_BOXES)
        self.regions = Regions(self.compiled, budget)
        masks = [0] * (len(old) + len(new))
        for box, owner in enumerate(self.compiled.owner):
            masks[owner] |= 1 << box
        self.masks = (masks[: len(old)], masks[len(old) :])
        self.before = tuple(_before(side) for side in self.masks)
        self._reach: dict[tuple[int, int], bool] = {}
        self.boxes = tuple([self._boxes(mask) for mask in side] for side in self.masks)

    def compared(self) -> tuple[list[Change], list[tuple[str, str]], list[tuple[Case, Case]]]:
        found: list[_Found] = []
        renamed: dict[tuple[str, str], None] = {}
        undecided: list[tuple[Case, Case]] = []
        for one, other in self._suspects():
            old, new = self.sides[0][one], self.sides[1][other]
            same = old.key == new.key
            if same and (old.name == new.name or (old.name, new.name) in renamed):
                continue
            if not (self._may_reach(0, one) and self._may_reach(1, other)):
                continue
            try:
                pair = self._meet(one, other)
            except UndecidedError:
                undecided += [] if same else [(old, new)]
                continue
            if pair is None:
                continue
            if not same:
                found.append(pair)
            elif old.name and new.name:
                renamed[old.name, new.name] = None
        return [self._change(one) for one in found], list(renamed), undecided

    def _suspects(self) -> Iterator[tuple[int, int]]:
        """Pairs of cases that one request could take, in the order of the old file."""
        likes = [[self._like(side, number) for number in range(len(self.sides[side]))] for side in (0, 1)]
        alike: dict[int, int] = {}
        for block in SequenceMatcher(None, *likes, autojunk=False).get_matching_blocks():
            alike |= {block.a + step: block.b + step for step in range(block.size)}
        lone = [number for number in range(len(likes[1])) if number not in alike.values()]
        for one in range(len(likes[0])):
            others = [alike[one], *lone] if one in alike else range(len(likes[1]))
            yield from ((one, other) for other in others)

    def _like(self, side: int, number: int) -> object:
        """Equal for cases with the same condition and outcome."""
        mask, case = self.masks[side][number], self.sides[side][number]
        if mask & self.compiled.inexact:
            return object()
        boxes = frozenset(frozenset(box.items()) for box in self.boxes[side][number])
        return boxes, case.key

    def _may_reach(self, side: int, number: int) -> bool:
        """False for a case that takes no request."""
        found = self._reach.get((side, number))
        if found is None:
            before = self.before[side][number] & ~self.compiled.inexact
            try:
                found = self.regions.request(self.boxes[side][number], before) is not None
            except UndecidedError:
                found = True
            self._reach[side, number] = found
        return found

    def _meet(self, one: int, other: int) -> _Found | None:
        """A request that goes from the one case to the other. Raises UndecidedError.

        Boxes of a condition that is not exact are too large, so such a request is evaluated as the conditions are
        written before it counts.
        """
        mine, theirs = self.boxes[0][one], self.boxes[1][other]
        if len(mine) * len(theirs) > MAX_PAIRS:
            raise UndecidedError
        meeting = [intersection(box, their) for box in mine for their in theirs]
        inside = [box for box in meeting if box is not None]
        outside, inexact = self.before[0][one] | self.before[1][other], self.compiled.inexact
        request = self.regions.request(inside, outside)
        if request is None and outside & inexact:
            request = self.regions.request(inside, outside & ~inexact)
        if request is None:
            return None
        view = GivenFacts({shown(key): value for key, value in request.items()})
        if self._taken(0, view) != one or self._taken(1, view) != other:
            raise UndecidedError
        return _Found(one, other, request, inside)

    def _taken(self, side: int, view: RequestView) -> int:
        return next(
            number for number, case in enumerate(self.sides[side]) if holds(case.route.condition, view)
        )

    def _change(self, found: _Found) -> Change:
        outside = self.before[0][found.old] | self.before[1][found.new]
        masks = self.masks[0][found.old], self.masks[1][found.new]
        given = Widening(self.regions, outside, masks).widest(found.request)
        return Change(
            self.sides[0][found.old],
            self.sides[1][found.new],
            box_words(self.compiled.domains, given),
            spoken(found.request),
            self._whole(found, outside, given),
        )

    def _whole(self, found: _Found, outside: int, given: Box) -> bool:
        try:
            return self.regions.request(found.inside, outside & ~self.compiled.inexact, [given]) is None
        except UndecidedError:
            return False

    def _boxes(self, mask: int) -> tuple[Box, ...]:
        return tuple(self.compiled.boxes[box] for box in bits(mask))


def _before(masks: Sequence[int]) -> list[int]:
    """For each case the boxes of all earlier ones."""
    found, so_far = [], 0
    for mask in masks:
        found.append(so_far)
        so_far |= mask
    return found
