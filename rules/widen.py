"""The widest class of requests around one of them that all share its fate: what can be told instead of one request.

It begins with the cells that the request lies in, which nothing can tell apart, and leaves out or widens one fact
after the other as long as no request comes in that lies elsewhere (a prime implicant, found greedily). Of the finite
facts the last of the declaration go first: a class is better told by its tokens than by the day of the week.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from rules.boxes import Box, Part, TextPart, intersection
from rules.cells import FactKey, Numbers, Texts, Words
from rules.glob_automata import UndecidedError
from rules.globs import bits
from rules.regions import Regions, Values


class Widening:
    """Classes of requests that lie in a box of each of `within` and in none of `outside`, both given as bits."""

    def __init__(self, regions: Regions, outside: int, within: Sequence[int]) -> None:
        self.regions = regions
        self.compiled = regions.compiled
        self.within = within
        self.sure = not any(mask & self.compiled.inexact for mask in (outside, *within))
        """Otherwise boxes prove nothing, and the cells of the request are all that is certain."""
        self.outside = outside

    def widest(self, request: Values) -> Box:
        """Never raises: when the budget is used up, what is certain by then."""
        box = {key: self._cell(key, request) for key in self.compiled.domains}
        if self.sure:
            with suppress(UndecidedError):
                self._widen(box)
        return {key: part for key, part in box.items() if part != TextPart()}

    def _widen(self, box: dict[FactKey, Part]) -> None:
        """In place; the box is right at any time. Raises UndecidedError."""
        for key, part in list(box.items()):
            if isinstance(part, TextPart):
                self._loosen(key, box, part)
        for key in reversed(list(box)):
            if self._stranger({one: part for one, part in box.items() if one != key}) is None:
                del box[key]
        for key, part in list(box.items()):
            domain = self.compiled.domains[key]
            if isinstance(domain, Numbers) and isinstance(part, int):
                self._stretch(key, box, domain.size)
            elif isinstance(domain, Words) and isinstance(part, int):
                for cell in range(domain.size):
                    part = wider if self._try(key, box, wider := part | 1 << cell) else part

    def _cell(self, key: FactKey, request: Values) -> Part:
        domain = self.compiled.domains[key]
        if not isinstance(domain, Texts):
            return 1 << domain.cell(request[key])
        matched = domain.matched(request[key])
        every = (1 << len(domain.matcher.globs)) - 1
        return TextPart(tuple(1 << glob for glob in bits(matched)), every & ~matched)

    def _loosen(self, key: FactKey, box: dict[FactKey, Part], part: TextPart) -> None:
        """Of the globs that must not match only those are kept that keep somebody out: first none of them, then for
        each stranger that comes in one that names it, then without those that turned out to be too many."""
        box[key] = part
        none = 0
        while (stranger := self._stranger({**box, key: TextPart(part.clauses, none)})) is not None:
            named = self._matched(key, stranger) & part.none
            if not named:
                return
            none |= named & -named
        box[key] = part = TextPart(part.clauses, none)
        for glob in bits(none):
            less = TextPart(part.clauses, part.none & ~(1 << glob))
            part = less if self._try(key, box, less) else part
        for clause in part.clauses:
            less = TextPart(tuple(one for one in part.clauses if one != clause), part.none)
            part = less if self._try(key, box, less) else part

    def _matched(self, key: FactKey, request: Values) -> int:
        domain = self.compiled.domains[key]
        return domain.matched(request[key]) if isinstance(domain, Texts) else 0

    def _stretch(self, key: FactKey, box: dict[FactKey, Part], size: int) -> None:
        """A range of cells, as far up and then as far down as it goes: what fits in between fits too."""
        part = box[key]
        assert isinstance(part, int)
        first = end = part.bit_length() - 1
        for low in (False, True):
            fits, most = 0, first if low else size - 1 - first
            while fits < most:
                further = (fits + most + 1) // 2
                start, stop = (first - further, end) if low else (first, first + further)
                if self._try(key, box, (2 << stop) - (1 << start)):
                    fits = further
                else:
                    most = further - 1
            end = end if low else first + fits

    def _try(self, key: FactKey, box: dict[FactKey, Part], part: Part) -> bool:
        fits = part == box[key] or self._stranger({**box, key: part}) is None
        if fits:
            box[key] = part
        return fits

    def _stranger(self, box: Box) -> Values | None:
        """A request of the box that is not as wanted. Raises UndecidedError."""
        near = (self.compiled.boxes[one] for one in bits(self.regions.near(box, self.outside)))
        found = self.regions.request((both for other in near if (both := intersection(box, other))), 0)
        for mask in self.within:
            found = found or self.regions.request([box], mask)
        return found
