"""The cells of each fact: the finitely many classes of values that the conditions of a policy can tell apart.

Numbers and times of day fall between cut points, words and flags are listed, texts are told apart by which of the
globs match them. A `header.NAME` is a fact of its own for each name. The set of texts `tool` is told apart by which
globs match one of its members. A test then is a set of cells: a bit mask for finite facts, globs for texts.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rules.facts import FACTS, RequestView
from rules.globs import Matcher
from rules.literals import DAY_MINUTES
from rules.nodes import Compare, FactName, Flag, In, Is, Test, Value, Within

FactKey = tuple[str, str | None]
"""Name and, for headers, the header's name."""


def key_of(fact: FactName) -> FactKey:
    return fact.name, fact.key


def shown(key: FactKey) -> str:
    """`tokens`, `header.x-team`: the fact as it is written."""
    return key[0] if key[1] is None else f"{key[0]}.{key[1]}"


def read(key: FactKey, view: RequestView) -> Any:
    """The value a request has for the fact."""
    value = FACTS[key[0]].read(view)
    return value if key[1] is None else value(key[1])


class Numbers(msgspec.Struct, frozen=True):
    """A number or a time of day. `cuts` are the first values of all cells but the first, which begins at 0."""

    key: FactKey
    cuts: tuple[int, ...]
    end: int | None = None
    """First value above the fact's range; None: there is no highest."""

    @property
    def size(self) -> int:
        return len(self.cuts) + 1

    def cell(self, value: float) -> int:
        return bisect_right(self.cuts, value)

    def value(self, cell: int) -> int:
        """The least value of the cell."""
        return self.cuts[cell - 1] if cell else 0

    def mask(self, test: Test) -> int:
        mask = 0
        for low, high in ranges(test):
            first, last = self._edge(low), self._edge(high)
            if last > first:
                mask |= (1 << last) - (1 << first)
        return mask

    def _edge(self, value: int | None) -> int:
        """The cell that begins at the value; one above the last where no cell does."""
        if value is None or (self.end is not None and value >= self.end):
            return self.size
        return self.cell(value) if value > 0 else 0


class Words(msgspec.Struct, frozen=True):
    """A word of a closed set, or a flag: `False`, `True`."""

    key: FactKey
    words: tuple[Any, ...]

    @property
    def size(self) -> int:
        return len(self.words)

    def cell(self, value: Any) -> int:
        """Raises `ValueError` for a word the fact does not have."""
        return self.words.index(value)

    def value(self, cell: int) -> Any:
        return self.words[cell]

    def mask(self, test: Test) -> int:
        said = (True,) if isinstance(test, Flag) else tuple(value.value for value in _listed(test))
        return sum(1 << number for number, word in enumerate(self.words) if word in said)


class Texts(msgspec.Struct, frozen=True):
    """A text, or a set of texts, told apart by globs."""

    key: FactKey
    matcher: Matcher

    @property
    def is_set(self) -> bool:
        return FACTS[self.key[0]].kind == "set"

    def matched(self, value: Any) -> int:
        """The globs that match the text, or one text of the set."""
        if not self.is_set:
            return self.matcher.matched(value)
        mask = 0
        for one in value:
            mask |= self.matcher.matched(one)
        return mask

    def globs(self, test: Test) -> int:
        """The globs of which one has to match."""
        mask = 0
        for value in _listed(test):
            mask |= 1 << self.matcher.index[str(value.value)]
        return mask


Domain = Numbers | Words | Texts
Finite = Numbers | Words


def domains(tests: Iterable[Test]) -> Mapping[FactKey, Domain]:
    """The facts that the tests ask about, with their cells, in the order of their declaration."""
    by_fact: dict[FactKey, list[Test]] = {}
    for test in tests:
        by_fact.setdefault(key_of(test.fact), []).append(test)
    order = {name: number for number, name in enumerate(FACTS)}
    return {
        key: _domain(key, by_fact[key]) for key in sorted(by_fact, key=lambda key: (order[key[0]], key[1]))
    }


def _domain(key: FactKey, tests: list[Test]) -> Domain:
    fact = FACTS[key[0]]
    if fact.kind == "flag":
        return Words(key, (False, True))
    if fact.kind == "word":
        return Words(key, fact.words)
    if fact.kind in ("number", "clock"):
        end = DAY_MINUTES if fact.kind == "clock" else None
        edges = {edge for test in tests for pair in ranges(test) for edge in pair if edge is not None}
        return Numbers(key, tuple(sorted(edge for edge in edges if 0 < edge < (end or math.inf))), end)
    return Texts(key, Matcher(str(value.value) for test in tests for value in _listed(test)))


def ranges(test: Test) -> tuple[tuple[int, int | None], ...]:
    """The whole numbers a test allows, as ranges from (included) to (not included; None: without end).

    All facts that are numbers are whole; `tokens > 0.5` begins at 1. A clock range whose end lies before its
    beginning passes midnight.
    """
    match test:
        case Within():
            low, high = math.ceil(_amount(test.low)), math.ceil(_amount(test.high))
            past_midnight = FACTS[test.fact.name].kind == "clock" and high < low
            return ((low, DAY_MINUTES), (0, high)) if past_midnight else ((low, high),)
        case Compare():
            amount = _amount(test.value)
            above, least = math.floor(amount) + 1, math.ceil(amount)
            return {
                ">": ((above, None),),
                ">=": ((least, None),),
                "<": ((0, least),),
                "<=": ((0, above),),
                "=": ((least, above),),
            }[test.operator]
        case In():
            return tuple((math.ceil(_amount(one)), math.floor(_amount(one)) + 1) for one in test.values)
        case _:
            return ()


def _listed(test: Test) -> tuple[Value, ...]:
    match test:
        case Is():
            return (test.value,)
        case In():
            return test.values
        case _:
            return ()


def _amount(value: Value) -> float:
    return float(value.value) if isinstance(value.value, str) else value.value
