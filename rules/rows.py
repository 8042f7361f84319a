"""Routes compiled: for every cell of every fact, a bit set of the boxes that allow it.

A request has one cell in each fact; the boxes it lies in are the AND of those rows, and the lowest bit belongs to
the first route. What drops out with each AND is why a route was passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from rules.boxes import MAX_BOXES, Box, Boxer, TextPart
from rules.cells import Domain, FactKey, Finite, Texts, domains, read
from rules.facts import RequestView
from rules.globs import bits
from rules.nodes import Test
from rules.policy_types import PolicyRoute
from rules.walk import tests


class TextRows(msgspec.Struct, frozen=True):
    """Rows of a text, made when asked for: most of the sets of globs that a text could match never occur."""

    free: int
    """Boxes that demand no glob."""
    demand: tuple[int, ...]
    """For each glob the boxes it satisfies (the first clause)."""
    forbid: tuple[int, ...]
    """For each glob the boxes that it rules out."""
    further: tuple[tuple[int, int], ...]
    """Further clauses, as globs and boxes: without a match among those globs the boxes are out."""

    def row(self, matched: int) -> int:
        """The boxes that allow a text which exactly these globs match."""
        allowed, out = self.free, 0
        for glob in bits(matched):
            allowed |= self.demand[glob]
            out |= self.forbid[glob]
        for clause, boxes in self.further:
            if not clause & matched:
                out |= boxes
        return allowed & ~out


class Compiled(msgspec.Struct, frozen=True):
    """The routes of a policy over cells. Boxes are numbered through, in the order of their routes."""

    routes: tuple[PolicyRoute, ...]
    domains: Mapping[FactKey, Domain]
    boxes: tuple[Box, ...]
    owner: tuple[int, ...]
    """For each box the number of its route."""
    inexact: int
    """Boxes of conditions that have to be evaluated as they are written."""
    mentions: Mapping[FactKey, int]
    """For each fact the boxes that ask about it."""
    cells: Mapping[FactKey, tuple[int, ...]]
    """For each finite fact a row for each cell."""
    texts: Mapping[FactKey, TextRows]

    @property
    def globs(self) -> int:
        """How many globs tell texts apart."""
        return sum(len(one.matcher.globs) for one in self.domains.values() if isinstance(one, Texts))

    @property
    def everything(self) -> int:
        return (1 << len(self.boxes)) - 1

    def boxes_of(self, view: RequestView) -> int:
        """The boxes that a request lies in."""
        alive = self.everything
        for key, domain in self.domains.items():
            value = read(key, view)
            if isinstance(domain, Texts):
                alive &= self.texts[key].row(domain.matched(value))
            else:
                alive &= self.cells[key][domain.cell(value)]
        return alive


def compile_routes(
    routes: Sequence[PolicyRoute], *, also: Iterable[Test] = (), most: int = MAX_BOXES
) -> Compiled:
    """The routes over the cells that their own tests make, and those of the tests in `also`.

    A condition may have `most` boxes.
    """
    known = domains([*(test for route in routes for test in tests(route.condition)), *also])
    boxer = Boxer(known, most)
    boxes: list[Box] = []
    owner: list[int] = []
    inexact = 0
    for number, route in enumerate(routes):
        found = boxer.boxes(route.condition)
        if not found.exact:
            inexact |= ((1 << len(found.boxes)) - 1) << len(boxes)
        boxes += found.boxes
        owner += [number] * len(found.boxes)
    mentions = {key: sum(1 << n for n, box in enumerate(boxes) if key in box) for key in known}
    everything = (1 << len(boxes)) - 1
    cells, texts = {}, {}
    for key, domain in known.items():
        if isinstance(domain, Texts):
            texts[key] = _text_rows(key, domain, boxes, everything)
        else:
            cells[key] = _cell_rows(key, domain, boxes, everything & ~mentions[key])
    return Compiled(tuple(routes), known, tuple(boxes), tuple(owner), inexact, mentions, cells, texts)


def _cell_rows(key: FactKey, domain: Finite, boxes: Sequence[Box], free: int) -> tuple[int, ...]:
    """A box comes in and goes out where its mask changes, so rows are made from the row before."""
    changes = [0] * (domain.size + 1)
    for number, box in enumerate(boxes):
        part = box.get(key)
        if isinstance(part, int):
            for cell in bits(part ^ (part << 1)):
                changes[cell] |= 1 << number
    rows, row = [], free
    for change in changes[:-1]:
        row ^= change
        rows.append(row)
    return tuple(rows)


def _text_rows(key: FactKey, domain: Texts, boxes: Sequence[Box], everything: int) -> TextRows:
    count = len(domain.matcher.globs)
    demand, forbid = [0] * count, [0] * count
    further: dict[int, int] = {}
    demanding = 0
    for number, box in enumerate(boxes):
        part = box.get(key)
        if not isinstance(part, TextPart):
            continue
        bit = 1 << number
        for glob in bits(part.none):
            forbid[glob] |= bit
        for clause in part.clauses[1:]:
            further[clause] = further.get(clause, 0) | bit
        if part.clauses:
            demanding |= bit
            for glob in bits(part.clauses[0]):
                demand[glob] |= bit
    return TextRows(everything & ~demanding, tuple(demand), tuple(forbid), tuple(further.items()))
