"""Offsets to lines and columns, both counted from one, in characters; what editors show."""

from __future__ import annotations

from bisect import bisect_right


class Lines:
    """Where lines begin. A line ends with its line feed; a carriage return before it is not shown."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        at = text.find("\n")
        while at >= 0:
            self.starts.append(at + 1)
            at = text.find("\n", at + 1)

    def __len__(self) -> int:
        return len(self.starts)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset; one behind the text is its end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, without its line end."""
        start = self.starts[number - 1]
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[start:end].removesuffix("\r")
