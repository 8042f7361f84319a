"""The usual words of a command, read by hand: Typer and what it brings take longer to import than some commands run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Reads = tuple[str, Callable[[str], Any]]
"""Where a value goes, and what reads it; raises ValueError."""


def plain(
    words: Sequence[str], options: Mapping[str, Reads], argument: Reads | None = None
) -> dict[str, Any] | None:
    """The parameters of a call with `--option VALUE` and at most one argument. None: there is something else in it,
    or a value that cannot be read; Typer has to read it, or to say what is wrong.
    """
    left, found = list(words), dict[str, Any]()
    while left:
        word = left.pop(0)
        reads = options.get(word)
        if reads is not None:
            word = left.pop(0) if left else "-"
        name, read = reads or argument or ("", str)
        if not name or name in found or word.startswith("-"):
            return None
        try:
            found[name] = read(word)
        except ValueError:
            return None
    return found
