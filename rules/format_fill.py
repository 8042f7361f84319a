"""Cells to lines: columns where there is room, breaks where there is none.

A line breaks at the outermost place that helps, after Oppen's pretty printer ("Prettyprinting", TOPLAS 1980): at a
possible break the text up to the next one of the same or an outer level has to fit, otherwise the line ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import msgspec

from rules.format_flow import BREAK, CLOSE, OPEN, Cell, Item, Text

WIDTH = 110
"""Columns a line may have."""

WIDEST = 56
"""Widest cell the others of its column are aligned to; behind a wider one the next follows at once."""

GAP = 2
"""Blanks before the last of three columns, where several lines share them."""

INDENT = 4
"""Of a statement that a remark breaks before its second column."""


def widths(rows: Sequence[Sequence[Cell]]) -> list[int]:
    """The width of each column of neighbouring statements."""
    columns = zip_longest(*([flat(cell) for cell in row] for row in rows), fillvalue=None)
    return [max((one for one in column if one and one <= WIDEST), default=0) for column in columns]


def flat(cell: Cell) -> int | None:
    """Columns of a cell on one line; None when a remark inside breaks it."""
    words = [item for item in cell if isinstance(item, Text)]
    if any(word.remarks for word in words):
        return None
    return max(sum(map(_room, words)) - 1, 0)


def starts(rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Where each column of neighbouring statements begins, counted from zero."""
    found = [0]
    for index, width in enumerate(widths(rows)):
        gap = GAP if index == 1 and len(rows) > 1 else 1
        found.append(found[-1] + width + gap * bool(width))
    return found


def lines(row: Sequence[Cell], columns: Sequence[int]) -> list[str]:
    """A statement as it is printed; `columns` are the `starts` of its group."""
    writer = _Writer()
    aligned = True
    for index, cell in enumerate(row):
        width = flat(cell)
        if cell:
            if not _first(cell).remarks:
                _place(writer, columns[index] if aligned else 0, width, last=index == 2)
            writer.write(cell)
        aligned = aligned and not writer.broken and writer.column < columns[index + 1]
        if index == 0 and not writer.broken:
            writer.second = columns[1] if aligned else writer.column + 1
    return writer.finished()


def _place(writer: _Writer, start: int, width: int | None, *, last: bool) -> None:
    """Goes to where the next cell begins: its column, one blank on, or a line of its own below the second."""
    room = 0 if width is None else WIDTH - width
    near = writer.column + 1
    if near < start and (start <= room or (near > room and not last)):
        writer.pad(start - 1)
    elif last and near > writer.second and (near > room or writer.broken):
        writer.newline(writer.second)
    elif last and near < writer.second and not writer.broken:
        writer.pad(writer.second - 1)


def _first(cell: Sequence[Item]) -> Text:
    """The first word, which every cell and every part behind a break has."""
    return next(item for item in cell if isinstance(item, Text))


def _room(word: Text) -> int:
    return len(word.text) + word.comma + (not word.tight)


class _Level(msgspec.Struct):
    """A part whose continuation lines begin in one column; None: where its next word will stand."""

    indent: int | None
    line: int
    """Number of the line its last break, or its beginning, stands on."""


class _Writer:
    """The lines so far, and the levels that are open."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.line: str = ""
        self.fresh = True
        """Nothing but the indent stands on the line."""
        self.levels: list[_Level] = []
        self.second = INDENT
        """Column of the second cell."""

    @property
    def column(self) -> int:
        return len(self.line)

    @property
    def broken(self) -> bool:
        return bool(self.done)

    def pad(self, column: int) -> None:
        self.line = self.line.ljust(column)

    def newline(self, indent: int | None = None) -> None:
        """Ends the line; the next begins at the innermost level that has begun."""
        if indent is None:
            begun = (level.indent for level in reversed(self.levels) if level.indent is not None)
            indent = next(begun, self.second)
        self.done.append(self.line.rstrip())
        self.line = " " * indent
        self.fresh = True

    def write(self, cell: Cell) -> None:
        for index, item in enumerate(cell):
            if item == OPEN:
                self.levels.append(_Level(None, len(self.done)))
            elif item == CLOSE:
                self.levels.pop()
            elif isinstance(item, Text):
                self._word(item)
            elif not _first(cell[index:]).remarks:
                self._break(_chunk(cell, index))

    def _break(self, chunk: int) -> None:
        """Ends the line when what follows does not fit, or when what went before took several lines."""
        level = self.levels[-1] if self.levels else None
        torn = level is not None and level.line != len(self.done)
        if not self.fresh and (torn or self.column + chunk > WIDTH):
            self.newline()
        if level is not None:
            level.line = len(self.done)

    def _word(self, word: Text) -> None:
        for remark in word.remarks:
            if remark.alone and not self.fresh:
                self.newline()
            self.line += remark.text if self.fresh else f"  {remark.text}"
            self.fresh = False
            self.newline()
        if not self.fresh and not word.tight and self.line:
            self.line += " "
        for level in self.levels:
            if level.indent is None:
                level.indent, level.line = self.column, len(self.done)
        self.line += word.text + "," * word.comma
        self.fresh = False

    def finished(self) -> list[str]:
        return [*self.done, self.line.rstrip()]


def _chunk(cell: Sequence[Item], start: int) -> int:
    """Columns from a possible break to the next one of its level or an outer one, or to a remark."""
    depth = 0
    size = 0
    for item in cell[start + 1 :]:
        if isinstance(item, Text):
            if item.remarks:
                break
            size += _room(item)
        elif item == BREAK and depth <= 0:
            break
        else:
            depth += (item == OPEN) - (item == CLOSE)
    return size
