"""Is there a request in these boxes and in none of those? An exact search over cells, with the request as proof.

A region is a part of each fact: a mask of cells, or a part of a text space. The search keeps the boxes to stay out
of as bit sets: a part rules some of them out, contains some, leaves some open. A box of which all but one test
are certain narrows that fact (unit propagation); when none is left to do so, the test that occurs in most boxes is
split on (Davis, Putnam, Logemann and Loveland). What a part does to the boxes is kept, since parts recur.

Facts are independent of each other but for one pair: `tool` has no member exactly when `tools` is 0, and never more
members than `tools` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rules.boxes import Box
from rules.budget import Budget
from rules.cells import FactKey, Finite, Numbers, Texts, Words, shown
from rules.globs import bits
from rules.rows import Compiled
from rules.text_space import TextSpace, TextState

MODELS = ("claude-opus-4-7", "claude-sonnet-4-6", "claude-haiku-4-5")
"""Ids that clients ask for, tried first, so that a witness looks like a request."""

NICE = {"model": MODELS, "tool": ("Bash", "WebSearch")}
TOOLS: FactKey = ("tools", None)
TOOL: FactKey = ("tool", None)

Part = int | TextState
Region = Mapping[FactKey, Part]
Values = Mapping[FactKey, Any]
"""A request: a value for each fact that the routes, or the questions about them, ask about."""


class Atom(msgspec.Struct, frozen=True):
    """One test of a box: cells of a finite fact; globs of which one has to match; or a glob that must not."""

    cells: int = 0
    any_of: int = 0
    none: int = 0


Tests = list[tuple[FactKey, Atom]]


class Effect(msgspec.Struct, frozen=True):
    """What a part of one fact does to all boxes."""

    out: int
    """Boxes that no value of the part lies in."""
    once: int
    """Boxes with a test of this fact that is not certain."""
    twice: int
    """Boxes with two of them."""
    open: tuple[tuple[Atom, int], ...]
    """The tests that are not certain, with their boxes."""


class Regions:
    """The space of all requests, as the routes of one policy tell them apart."""

    def __init__(self, compiled: Compiled, budget: Budget) -> None:
        self.compiled = compiled
        self.budget = budget
        self.spaces: dict[FactKey, TextSpace] = {}
        whole: dict[FactKey, Part] = {}
        for key, domain in compiled.domains.items():
            if isinstance(domain, Texts):
                nice = NICE.get(key[0], ("",))
                self.spaces[key] = TextSpace(
                    domain.matcher, is_set=domain.is_set, nice=nice, spend=budget.states
                )
                whole[key] = self.spaces[key].whole
            else:
                whole[key] = (1 << domain.size) - 1
        self.whole: Region = whole
        self._linked = TOOLS in whole and TOOL in whole
        self._atoms: dict[FactKey, dict[Atom, int]] = {key: {} for key in whole}
        globs = sum(len(space.globs) for space in self.spaces.values())
        self._cost = 1 + (len(compiled.boxes) + globs) // 512
        self._effects: dict[tuple[FactKey, Any], Effect] = {}
        for number, box in enumerate(compiled.boxes):
            for key, atom in _tests(box):
                self._atoms[key][atom] = self._atoms[key].get(atom, 0) | 1 << number

    # --- the search -------------------------------------------------------------------------------------------

    def request(self, inside: Iterable[Box], outside: int, more: Iterable[Box] = ()) -> Values | None:
        """A request in one of the boxes `inside`, in none of those whose bits are `outside` and in none of `more`.

        None: there is none. Raises `UndecidedError`.
        """
        self.budget.begin()
        further = [_tests(box) for box in more]
        for box in inside:
            tests = _tests(box)
            choices = [one for one in tests if one[1].any_of.bit_count() > 1]
            for region in self._within(self.whole, [one for one in tests if one not in choices]):
                found = self._searched(region, choices, outside, further)
                if found is not None:
                    return found
        return None

    def near(self, box: Box, among: int) -> int:
        """Those of the boxes `among` that may share a request with the box; the others share none.

        Raises `UndecidedError`.
        """
        found = 0
        for region in self._within(self.whole, _tests(box)):
            out = 0
            for key, part in region.items():
                out |= self._effect(key, part).out
            found |= among & ~out
        return found

    def _searched(
        self, region: Region, choices: Tests, outside: int, further: Sequence[Tests]
    ) -> Values | None:
        """The search where also one of each choice has to hold; what is certain before is not looked at for each."""
        if choices:
            self.budget.spend(self._cost)
            narrowed = self._propagate(region, outside, further)
            if narrowed is None:
                return None
            region = narrowed[0]
        found = (self._search(one, outside, further) for one in self._within(region, choices))
        return next((values for values in found if values is not None), None)

    def _within(self, region: Region, asked: Sequence[tuple[FactKey, Atom]]) -> Iterator[Region]:
        """The region cut down to where all the tests hold, as regions: one for each way to meet them."""
        if not asked:
            yield region
            return
        key, atom = asked[0]
        for narrowed in self._where(region, key, atom):
            yield from self._within(narrowed, asked[1:])

    def _search(self, region: Region, outside: int, further: Sequence[Tests]) -> Values | None:
        waiting = [region]
        cost = self._cost + len(further) // 4
        while waiting:
            self.budget.spend(cost)
            narrowed = self._propagate(waiting.pop(), outside, further)
            if narrowed is None:
                continue
            region, left, other = narrowed
            if not left and not other:
                return self._witness(region)
            found = self._by_luck(region, left, other)
            if found is not None:
                return found
            key, atom = self._split(region, left) if left else other[0][0]
            waiting += self._where(region, key, atom)
            waiting += self._where_not(region, key, atom)
        return None

    def _propagate(
        self, region: Region, outside: int, further: Sequence[Tests]
    ) -> tuple[Region, int, list[Tests]] | None:
        """The region narrowed by all that is certain, and what still reaches into it; None: all of it is covered."""
        while True:
            out = once = twice = 0
            effects = [(key, self._effect(key, part)) for key, part in region.items()]
            for _, effect in effects:
                out |= effect.out
                twice |= effect.twice | (once & effect.once)
                once |= effect.once
            left = outside & ~out
            other = [open_ for tests in further if (open_ := _open(tests, region)) is not None]
            if left & ~once or [] in other:
                return None
            units = left & ~twice
            certain = [one[0] for one in other if len(one) == 1]
            if units:
                certain += [
                    (key, atom) for key, effect in effects for atom, boxes in effect.open if boxes & units
                ]
            if not certain:
                return region, left, other
            for key, atom in certain:
                narrowed = next(self._where_not(region, key, atom), None)
                if narrowed is None:
                    return None
                region = narrowed

    def _by_luck(self, region: Region, left: int, other: Sequence[Tests]) -> Values | None:
        """The plainest request of the region, when none of what is left happens to hold it."""
        values = self._witness(region)
        if self.boxes_at(values) & left:
            return None
        return None if any(self._holds(tests, values) for tests in other) else values

    def boxes_at(self, values: Values) -> int:
        """The boxes that a request lies in."""
        alive = self.compiled.everything
        for key, domain in self.compiled.domains.items():
            if isinstance(domain, Texts):
                alive &= self.compiled.texts[key].row(self._matched(key, values))
            else:
                alive &= self.compiled.cells[key][domain.cell(values[key])]
        return alive

    def _matched(self, key: FactKey, values: Values) -> int:
        space, value = self.spaces[key], values[key]
        return space.matches(value) if space.is_set else space.matched(value)

    def _holds(self, tests: Tests, values: Values) -> bool:
        for key, atom in tests:
            domain = self.compiled.domains[key]
            if isinstance(domain, Texts):
                matched = self._matched(key, values)
                if not matched & atom.any_of if atom.any_of else matched & atom.none:
                    return False
            elif not atom.cells >> domain.cell(values[key]) & 1:
                return False
        return True

    def _split(self, region: Region, left: int) -> tuple[FactKey, Atom]:
        """The open test that stands in most of the boxes."""
        most, chosen = 0, None
        for key, part in region.items():
            for atom, boxes in self._effect(key, part).open:
                count = (boxes & left).bit_count()
                if count > most:
                    most, chosen = count, (key, atom)
        assert chosen is not None
        return chosen

    # --- parts ------------------------------------------------------------------------------------------------

    def _where(self, region: Region, key: FactKey, atom: Atom) -> Iterator[Region]:
        """The region where a test holds, as regions that do not overlap."""
        part = region[key]
        if isinstance(part, int):
            yield from self._with(region, key, part & atom.cells)
            return
        space = self.spaces[key]
        if atom.any_of & part.known or atom.none:
            yield from self._with(region, key, space.restrict(part, 0, atom.none))
            return
        earlier = 0
        for glob in bits(atom.any_of & ~part.ruled_out):
            yield from self._with(region, key, space.restrict(part, 1 << glob, earlier))
            earlier |= 1 << glob

    def _where_not(self, region: Region, key: FactKey, atom: Atom) -> Iterator[Region]:
        """The region where a test does not hold: one, or none."""
        part = region[key]
        if isinstance(part, int):
            yield from self._with(region, key, part & ~atom.cells)
        else:
            yield from self._with(region, key, self.spaces[key].restrict(part, atom.none, atom.any_of))

    def _with(self, region: Region, key: FactKey, part: Part | None) -> Iterator[Region]:
        if part:
            new = {**region, key: part}
            if not self._linked or key not in (TOOL, TOOLS) or self._link(new):
                yield new

    def _link(self, region: dict[FactKey, Part]) -> bool:
        """Narrows `tool` and `tools` by each other; False when they cannot both be."""
        tool, tools, space = region[TOOL], region[TOOLS], self.spaces[TOOL]
        domain = self.compiled.domains[TOOLS]
        assert isinstance(tool, TextState)
        assert isinstance(tools, int)
        assert isinstance(domain, Numbers)
        if tools == 1 and domain.size > 1 and domain.value(1) == 1:
            none = space.restrict(tool, 0, space.everything)
            region[TOOL] = none if none is not None else tool
            return none is not None
        most = tool.required.bit_count()
        below = (1 << domain.cell(most)) - 1
        if tools & below:
            tools &= -1 << domain.cell(space.least(tool))
        if not most and space.filler(tool) is None:
            tools &= 1
        region[TOOLS] = tools
        return bool(tools)

    def _effect(self, key: FactKey, part: Part) -> Effect:
        seen = (key, part if isinstance(part, int) else (part.known, part.ruled_out))
        found = self._effects.get(seen)
        if found is None:
            self.budget.spend(len(self._atoms[key]) // 128)
            found = self._effects[seen] = self._new_effect(key, part)
        return found

    def _new_effect(self, key: FactKey, part: Part) -> Effect:
        out = once = twice = 0
        open_ = []
        for atom, boxes in self._atoms[key].items():
            certain = _certain(atom, part)
            if certain is None:
                twice |= once & boxes
                once |= boxes
                open_.append((atom, boxes))
            elif not certain:
                out |= boxes
        return Effect(out, once, twice, tuple(open_))

    # --- the proof --------------------------------------------------------------------------------------------

    def _witness(self, region: Region) -> Values:
        """The plainest request of the region."""
        found: dict[FactKey, Any] = {}
        for key, part in region.items():
            domain = self.compiled.domains[key]
            if isinstance(part, int):
                assert not isinstance(domain, Texts)
                found[key] = _plainest(domain, part)
            else:
                found[key] = frozenset(part.proof) if self.spaces[key].is_set else part.proof[0]
        if self._linked:
            self._settle_tools(region, found)
        return found

    def _settle_tools(self, region: Region, found: dict[FactKey, Any]) -> None:
        """As many tools as the region asks for, and as few names as fit."""
        tool, tools, domain, space = (
            region[TOOL],
            region[TOOLS],
            self.compiled.domains[TOOLS],
            self.spaces[TOOL],
        )
        assert isinstance(tool, TextState)
        assert isinstance(tools, int)
        assert isinstance(domain, Numbers)
        first = next(bits(tools))
        most = domain.value(first + 1) - 1 if first + 1 < domain.size else len(tool.proof)
        members = space.grouped(tool, most)
        found[TOOLS] = max(domain.value(first), len(members))
        if found[TOOLS] and not members:
            filler = space.filler(tool)
            members = () if filler is None else (filler,)
        found[TOOL] = frozenset(members)


def _tests(box: Box) -> Tests:
    """A box as tests, all of which have to hold."""
    found: Tests = []
    for key, part in box.items():
        if isinstance(part, int):
            found.append((key, Atom(cells=part)))
        else:
            found += [(key, Atom(any_of=clause)) for clause in part.clauses]
            found += [(key, Atom(none=1 << glob)) for glob in bits(part.none)]
    return found


def _open(tests: Tests, region: Region) -> Tests | None:
    """Those of the tests that are not certain in a region; None when one of them holds nowhere in it."""
    found: Tests = []
    for key, atom in tests:
        certain = _certain(atom, region[key])
        if certain is None:
            found.append((key, atom))
        elif not certain:
            return None
    return found


def _certain(atom: Atom, part: Part) -> bool | None:
    """Whether a test holds everywhere in a part, or nowhere; None when it depends."""
    if isinstance(part, int):
        return True if not part & ~atom.cells else None if part & atom.cells else False
    if atom.none:
        return True if atom.none & part.ruled_out else False if atom.none & part.known else None
    return True if atom.any_of & part.known else None if atom.any_of & ~part.ruled_out else False


def _plainest(domain: Finite, part: int) -> Any:
    """The value of the part that says least: `main` for the task, else the first."""
    if isinstance(domain, Words) and "main" in domain.words and part & 1 << domain.cell("main"):
        return "main"
    return domain.value(next(bits(part)))


def spoken(witness: Mapping[FactKey, Any]) -> dict[str, Any]:
    """The witness as it is printed: facts by their written names, times as `22:00`, sets as lists."""
    found: dict[str, Any] = {}
    for key, value in witness.items():
        if key[0] == "time":
            value = f"{value // 60:02}:{value % 60:02}"
        found[shown(key)] = sorted(value) if isinstance(value, frozenset) else value
    return found
