"""Globs: `*` stands for any text, `?` for any one character, everything else for itself; letter case counts.

A glob matches the whole text. There is no way to write a literal `*` or `?`: no model id, tool or header that
clients send holds one. Matching takes time linear in the text for every glob: each part between two stars is found
at its first place and never moved again, which is enough for globs (the way of CPython's `fnmatch.translate`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

_RUN = re.compile(r"[*?]{2,}")


def normal(glob: str) -> str:
    """The glob with each run of wildcards as its `?` first and then one `*`: `*?*` is `?*`. The same texts match."""
    return _RUN.sub(lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), glob)


def is_plain(glob: str) -> bool:
    """Whether the glob matches one text only: itself."""
    return "*" not in glob and "?" not in glob


def regex(glob: str) -> str:
    """The source of a regular expression for the whole text, to be matched at its beginning."""
    first, *rest = (_part(part) for part in normal(glob).split("*"))
    if not rest:
        return rf"{first}\Z"
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1] if part)
    last = rf".*{rest[-1]}\Z" if rest[-1] else ""
    return first + middle + last


def _part(text: str) -> str:
    return "".join("." if sign == "?" else re.escape(sign) for sign in text)


def matches(glob: str, text: str) -> bool:
    return predicate(glob)(text)


@lru_cache(maxsize=4096)
def predicate(glob: str) -> Callable[[str], bool]:
    """Whether a text matches, by the quickest means that the form of the glob allows."""
    glob = normal(glob)
    inner = glob.strip("*")
    if "*" in inner or "?" in inner:
        whole = re.compile(regex(glob), re.DOTALL).match
        return lambda text: whole(text) is not None
    if glob == inner:
        return lambda text: text == glob
    if glob.startswith("*"):
        return (lambda text: inner in text) if glob.endswith("*") else (lambda text: text.endswith(inner))
    return lambda text: text.startswith(inner)


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Matcher:
    """Which of several globs match a text, as a bit mask. Globs without a wildcard, `x*` and `*x` take one look-up for
    each length that occurs, however many they are; the others are tried one by one."""

    def __init__(self, globs: Iterable[str]) -> None:
        self.globs = tuple(dict.fromkeys(globs))
        self.index = {glob: number for number, glob in enumerate(self.globs)}
        self._plain: dict[str, int] = {}
        self._heads: dict[str, int] = {}
        self._tails: dict[str, int] = {}
        self._others: list[tuple[Callable[[str], bool], int]] = []
        for glob, number in self.index.items():
            table, text = self._place(normal(glob))
            if table is None:
                self._others.append((predicate(glob), 1 << number))
            else:
                table[text] = table.get(text, 0) | 1 << number
        self._head_lengths = sorted({len(one) for one in self._heads})
        self._tail_lengths = sorted({len(one) for one in self._tails})

    def _place(self, glob: str) -> tuple[dict[str, int] | None, str]:
        """The table a glob belongs to, and the text it stands under."""
        inner = glob.strip("*")
        if not is_plain(inner) or (glob.startswith("*") and glob.endswith("*") and inner):
            return None, inner
        if glob == inner:
            return self._plain, inner
        return (self._heads if glob.endswith("*") else self._tails), inner

    def matched(self, text: str) -> int:
        mask, length = self._plain.get(text, 0), len(text)
        for size in self._head_lengths:
            if size > length:
                break
            mask |= self._heads.get(text[:size], 0)
        for size in self._tail_lengths:
            if size > length:
                break
            mask |= self._tails.get(text[length - size :], 0)
        for fits, bit in self._others:
            if fits(text):
                mask |= bit
        return mask
