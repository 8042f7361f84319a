"""Where the cards of a picture stand. Columns from left to right; in each, a card stands near what points at it.

The layers and the ordering by the mean height of what points at a card are those of Sugiyama, Tagawa and Toda
("Methods for Visual Understanding of Hierarchical System Structures", 1981), in one pass, which is enough here.
Lengths are pixels. Text is set in a monospaced face, so its width is known without measuring.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

import msgspec

from rules.graph.picture import Card, Picture, Provider

EM = 0.602
"""Width of a monospaced character, in parts of its size."""

TITLE, TEXT, SMALL = 13.0, 12.0, 10.5
"""Sizes of letters."""

LEADING = 16
"""Height of a line of small print; rows have a little more."""

ROW = 19
HEAD = 27
"""Height of a card's title."""

PAD = 10
GAP = 12
"""Between cards below each other."""

ROOM = 26
"""The same in the columns that lines pass through."""

LANE = 96
"""Between columns, for the lines."""

APART = 5
"""Between lines that pass through the same gap."""

MARGIN = 24
TOP = 64
"""Where the cards begin, below the headings."""

LONGEST = 46
"""Characters of a line of small print; longer ones go on in the next."""


class Placed(msgspec.Struct):
    """A card with its place; lines of its small print are broken."""

    card: Card
    lines: list[str]
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0

    def row_y(self, index: int) -> float:
        """The middle of a row."""
        return self.y + self.head + ROW * index + ROW / 2

    @property
    def head(self) -> float:
        """Height of what stands above the rows."""
        return HEAD + LEADING * len(self.lines) + (4 if self.card.rows and self.lines else 0)


class Box(msgspec.Struct):
    """A provider around its models."""

    provider: Provider
    lines: list[str]
    cards: list[Placed]
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0

    @property
    def head(self) -> float:
        return (HEAD + LEADING * len(self.lines)) if self.provider.name else PAD


class Layout(msgspec.Struct):
    columns: list[list[Placed]]
    """Routes, then the layers of chains."""
    boxes: list[Box]
    width: float = 0.0
    height: float = 0.0
    cards: dict[str, Placed] = msgspec.field(default_factory=dict)
    gaps: list[list[Gap]] = msgspec.field(default_factory=list)
    """The free stretches of each column."""


def layout(picture: Picture) -> Layout:
    """Everything with its place."""
    columns = [[_placed(card) for card in column] for column in (picture.routes, *picture.chains)]
    boxes = [Box(one, _broken(one.lines), [_placed(card) for card in one.cards]) for one in picture.providers]
    made = Layout(columns, boxes)
    every = [placed for column in columns for placed in column] + [one for box in boxes for one in box.cards]
    made.cards = {placed.card.id: placed for placed in every}
    x: float = MARGIN
    pointing: dict[str, list[float]] = {}
    for index, column in enumerate(columns):
        if index:
            column.sort(key=lambda one: _mean(pointing, one.card.id))
        _stack(column, pointing, keep=index == 0)
        x = _across(column, x) if column else x
        _point(column, pointing)
    _place_boxes(boxes, x, pointing)
    made.gaps = [_gaps(column) for column in columns]
    _measure(made)
    return made


class Gap(msgspec.Struct):
    """A free stretch of a column, and how many lines pass through it."""

    left: float
    right: float
    top: float
    bottom: float
    lines: int = 0

    def near(self, y: float) -> float:
        """The free height nearest to `y`."""
        if self.bottom - self.top <= ROOM:
            return (self.top + self.bottom) / 2
        return min(max(y, self.top + ROOM / 2), self.bottom - ROOM / 2)

    def taken(self, y: float) -> float:
        """A height for one more line: the middle first, then in turns below and above it."""
        side = (self.lines + 1) // 2 * (-1 if self.lines % 2 else 1)
        self.lines += 1
        return self.near(y) + APART * side


def passages(made: Layout, placed: Placed, index: int, target: Placed) -> list[tuple[float, float, float]]:
    """The free places, as left, right and height, by which a line passes the columns between two cards."""
    x, y = placed.x + placed.width, placed.row_y(index)
    found = []
    for gaps in made.gaps:
        if gaps and x < gaps[0].left and gaps[0].right < target.x:
            share = (gaps[0].left - x) / (target.x - x)
            wanted = y + (target.y + HEAD / 2 - y) * share
            gap = min(gaps, key=lambda one: abs(one.near(wanted) - wanted))
            y = gap.taken(wanted)
            found.append((gap.left, gap.right, y))
    return found


def _gaps(column: Sequence[Placed]) -> list[Gap]:
    """Above, between and below the cards."""
    if not column:
        return []
    cards = sorted(column, key=lambda one: one.y)
    left, right = cards[0].x, cards[0].x + cards[0].width
    tops = [TOP - 2 * ROOM, *(one.y + one.height for one in cards)]
    bottoms = [*(one.y for one in cards), math.inf]
    return [Gap(left, right, top, bottom) for top, bottom in zip(tops, bottoms, strict=True) if bottom > top]


def width_of(text: str, size: float) -> float:
    """Pixels of a text; letters of East Asia take two places."""
    return size * EM * sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _placed(card: Card) -> Placed:
    lines = _broken(card.lines)
    widths = [width_of(card.title, TITLE) + width_of(card.badge, SMALL) + 3 * PAD]
    widths += [width_of(line, SMALL) for line in lines]
    widths += [
        width_of(row.text, TEXT) + width_of(row.note, SMALL) + (44 if row.order else 10) for row in card.rows
    ]
    placed = Placed(card, lines, max(widths) + 2 * PAD, 0.0)
    placed.height = placed.head + ROW * len(card.rows) + (PAD if card.rows or lines else 4)
    return placed


def _broken(lines: Iterable[str]) -> list[str]:
    return [part for line in lines for part in textwrap.wrap(line, LONGEST, subsequent_indent="  ") or [""]]


def _across(column: Sequence[Placed], x: float) -> float:
    """Gives a column one width; where the next begins."""
    width = max(one.width for one in column)
    for one in column:
        one.x, one.width = x, width
    return x + width + LANE


def _point(column: Sequence[Placed], pointing: dict[str, list[float]]) -> None:
    """Notes at which height each card is pointed at."""
    for placed in column:
        for index, row in enumerate(placed.card.rows):
            if row.target is not None:
                pointing.setdefault(row.target, []).append(placed.row_y(index))


def _mean(pointing: dict[str, list[float]], name: str) -> float:
    found = pointing.get(name)
    return sum(found) / len(found) if found else float("inf")


def _stack(column: Sequence[Placed], pointing: dict[str, list[float]], *, keep: bool) -> None:
    """Below each other, each as near as can be to the height it is pointed at from; `keep`: without gaps."""
    bottom: float = TOP
    for placed in column:
        mean = bottom if keep else _mean(pointing, placed.card.id)
        wanted = mean - HEAD / 2 if mean != float("inf") else bottom
        placed.y = max(bottom, wanted)
        bottom = placed.y + placed.height + (GAP if keep else ROOM)


def _place_boxes(boxes: list[Box], x: float, pointing: dict[str, list[float]]) -> None:
    """Providers by the mean height of their models, models within them likewise."""
    for box in boxes:
        box.cards.sort(key=lambda one: _mean(pointing, one.card.id))
    boxes.sort(key=lambda box: min(_mean(pointing, one.card.id) for one in box.cards))
    y: float = TOP
    heads = [width_of(line, SMALL) for box in boxes for line in box.lines]
    widest = max([*heads, *(one.width for box in boxes for one in box.cards)], default=0.0)
    for box in boxes:
        box.x, box.y, box.width = x, y, widest + 2 * PAD
        inner = y + box.head
        for one in box.cards:
            one.x, one.y, one.width = x + PAD, inner, widest
            inner += one.height + GAP
        box.height = inner - y - GAP + PAD
        y += box.height + 2 * GAP


def _measure(made: Layout) -> None:
    rights = [one.x + one.width for column in made.columns for one in column]
    bottoms = [one.y + one.height for column in made.columns for one in column]
    rights += [box.x + box.width for box in made.boxes]
    bottoms += [box.y + box.height for box in made.boxes]
    made.width = max(rights, default=300.0) + MARGIN
    made.height = max(bottoms, default=float(TOP)) + MARGIN
