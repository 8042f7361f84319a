"""Conditions as boxes: a condition is the union of boxes, a box allows each fact some of its cells.

That is disjunctive normal form over cells. Tests of one fact join into one mask, so only `or` between different
facts makes more boxes. A condition that would come to more than `MAX_BOXES` gets boxes that are too large, never too
small, and is marked as not exact: what the boxes let by has to be evaluated as it is written.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rules.cells import Domain, FactKey, Texts, key_of
from rules.nodes import And, Condition, Not, Or, Test

MAX_BOXES = 64
"""Most boxes of one condition."""


class TextPart(msgspec.Struct, frozen=True):
    """What a box asks of one text: of each mask in `clauses` one glob matches, of `none` no glob does."""

    clauses: tuple[int, ...] = ()
    none: int = 0

    def both(self, other: TextPart) -> TextPart | None:
        """The texts that fit both; None when there are none for a reason the masks alone show."""
        none = self.none | other.none
        clauses = tuple(dict.fromkeys(clause & ~none for clause in self.clauses + other.clauses))
        return TextPart(clauses, none) if all(clauses) else None


Part = int | TextPart
"""Cells of a finite fact as a mask, or what is asked of a text."""

Box = Mapping[FactKey, Part]
"""Facts that are not in it may have any value."""


class Boxes(msgspec.Struct, frozen=True):
    boxes: tuple[Box, ...]
    exact: bool


EVERYTHING: Box = {}


class Boxer:
    """Turns conditions into boxes over the given cells."""

    def __init__(self, domains: Mapping[FactKey, Domain], most: int = MAX_BOXES) -> None:
        self.domains = domains
        self.most = most
        self._exact = True

    def boxes(self, condition: Condition | None, *, negated: bool = False) -> Boxes:
        """The boxes of a condition, or of its contrary; one that allows everything for None."""
        self._exact = True
        found = [EVERYTHING] if condition is None else self._walk(condition, not negated)
        return Boxes(tuple(found), self._exact)

    def _walk(self, condition: Condition, positive: bool) -> list[Box]:
        match condition:
            case Not():
                return self._walk(condition.item, not positive)
            case And() | Or():
                items = [self._walk(item, positive) for item in condition.items]
                return self._all(items) if isinstance(condition, And) is positive else self._any(items)
            case _:
                return self._test(condition, positive)

    def _test(self, test: Test, positive: bool) -> list[Box]:
        key = key_of(test.fact)
        domain = self.domains[key]
        if isinstance(domain, Texts):
            globs = domain.globs(test)
            return [{key: TextPart((globs,)) if positive else TextPart((), globs)}]
        full = (1 << domain.size) - 1
        mask = domain.mask(test) if positive else full & ~domain.mask(test)
        if mask == full:
            return [EVERYTHING]
        return [{key: mask}] if mask else []

    def _all(self, items: list[list[Box]]) -> list[Box]:
        found = [EVERYTHING]
        for boxes in sorted(items, key=len):
            if len(found) * len(boxes) > self.most:
                self._exact = False
                continue
            pairs = [intersection(one, other) for one in found for other in boxes]
            found = [box for box in pairs if box is not None]
        return found

    def _any(self, items: list[list[Box]]) -> list[Box]:
        single: dict[FactKey, Part] = {}
        found: list[Box] = []
        for box in (box for boxes in items for box in boxes):
            if not box:
                return [EVERYTHING]
            key, part = next(iter(box.items()))
            joined = _union(single.get(key), part) if len(box) == 1 else None
            if joined is None:
                found.append(box)
            else:
                single[key] = joined
        joined_boxes: list[Box] = [{key: part} for key, part in single.items() if not self._full(key, part)]
        if len(joined_boxes) < len(single):
            return [EVERYTHING]
        found = joined_boxes + found
        if len(found) > self.most:
            self._exact = False
            return [EVERYTHING]
        return found

    def _full(self, key: FactKey, part: Part) -> bool:
        domain = self.domains[key]
        return isinstance(part, int) and not isinstance(domain, Texts) and part == (1 << domain.size) - 1


def intersection(one: Box, other: Box) -> Box | None:
    """The box of what fits both; None when the cells show that nothing does."""
    found = dict(one)
    for key, part in other.items():
        before = found.get(key)
        if before is None:
            both: Part | None = part
        elif isinstance(before, TextPart) and isinstance(part, TextPart):
            both = before.both(part)
        else:
            both = before & part if isinstance(before, int) and isinstance(part, int) else None
        if not both:
            return None
        found[key] = both
    return found


def _union(before: Part | None, part: Part) -> Part | None:
    """Two parts of one fact as one; None when no single part says the same."""
    if before is None:
        plain = isinstance(part, int) or (len(part.clauses) == 1 and not part.none)
        return part if plain else None
    if isinstance(before, int) and isinstance(part, int):
        return before | part
    if (
        isinstance(before, TextPart)
        and isinstance(part, TextPart)
        and len(part.clauses) == 1
        and not part.none
    ):
        return TextPart((before.clauses[0] | part.clauses[0],))
    return None
