"""Texts that some globs match and others do not: found, or proved not to exist.

All globs run at once as one nondeterministic automaton over bits (the shift-and method of Baeza-Yates and Gonnet):
bit i of a glob says that its first i signs have been matched. A breadth-first search over the sets of bits finds a
shortest text. Letters that only unwanted globs hold are never better than one that no glob holds, so only the
letters of the wanted globs are tried, and one other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from rules.globs import is_plain, matches, normal

MAX_STATES = 10_000
"""Sets of bits that are looked at before the question counts as undecided."""

NICE = "x0z-~XQ79_"
OTHERS = "".join(map(chr, range(0xE000, 0xE010)))
"""Signs for private use: what stands for a letter that no glob holds, while searching."""


class UndecidedError(Exception):
    """The question took more than its budget."""


class Answer(msgspec.Struct, frozen=True):
    """What became of a question."""

    text: str | None
    decided: bool
    states: int
    """How much was looked at to find out."""


def text_between(wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> str | None:
    """A text that every wanted glob matches and no unwanted one does; None when there is none.

    Raises `UndecidedError`.
    """
    answer = ask(wanted, unwanted)
    if not answer.decided:
        raise UndecidedError
    return answer.text


@lru_cache(maxsize=16_384)
def ask(wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> Answer:
    """The same with what it took; a question that is asked again costs nothing."""
    plain = {glob for glob in unwanted if is_plain(glob)}
    against = [normal(glob) for glob in unwanted if glob not in plain]
    aims = list(dict.fromkeys(map(normal, wanted)))
    looked = 1
    while looked < MAX_STATES:
        found = _given(aims, against, plain)
        if found is not None:
            return Answer(found, True, looked)
        found, states = _search(aims, against, MAX_STATES - looked)
        looked += states
        if looked < MAX_STATES and (found is None or found not in plain):
            return Answer(found, True, looked)
        against.append(found or "")
    return Answer(None, False, looked)


def _given(aims: Sequence[str], against: Sequence[str], plain: set[str]) -> str | None:
    """A text by good luck: the wanted globs one behind the other, their beginnings and ends laid on each other."""
    for filler in ("", "x", "0"):
        parts = [glob.split("*") for glob in aims]
        if any(len(part) == 1 for part in parts):
            text = next(part[0] for part in parts if len(part) == 1)
        else:
            head = max((part[0] for part in parts), key=len, default="")
            tail = max((part[-1] for part in parts), key=len, default="")
            text = head + filler + filler.join(one for part in parts for one in part[1:-1]) + filler + tail
        text = text.replace("?", filler or "x")
        if text not in plain and _fits(text, aims, against):
            return text
    return None


def _fits(text: str, aims: Iterable[str], against: Iterable[str]) -> bool:
    return all(matches(glob, text) for glob in aims) and not any(matches(glob, text) for glob in against)


def _search(aims: Sequence[str], against: Sequence[str], most: int) -> tuple[str | None, int]:
    """A shortest text, and how many states were seen; nothing is known when they are as many as `most`."""
    automaton = _Automaton(aims, against)
    letters = sorted({sign for glob in aims for sign in glob} - {"*", "?"})
    used = {sign for glob in (*aims, *against) for sign in glob}
    other = next(sign for sign in OTHERS if sign not in used)
    paths = {automaton.begin: ""} if automaton.alive(automaton.begin) else {}
    edge = list(paths)
    while edge and len(paths) < most:
        following = []
        for state in edge:
            if automaton.accepts(state):
                return _readable(paths[state], other, aims, against), len(paths)
            for letter in (*letters, other):
                new = automaton.step(state, letter)
                if new not in paths and automaton.alive(new):
                    paths[new] = paths[state] + letter
                    following.append(new)
        edge = following
    return None, min(len(paths), most)


def _readable(text: str, other: str, aims: Sequence[str], against: Sequence[str]) -> str:
    """The text with a letter that can be read in place of the private one, where one does."""
    tried = (text.replace(other, sign) for sign in NICE)
    return next((one for one in tried if _fits(one, aims, against)), text)


class _Automaton:
    """Several globs as one automaton; a state is the set of bits that are on."""

    def __init__(self, aims: Sequence[str], against: Sequence[str]) -> None:
        self.stars = self.marks = self.begin = 0
        self.by_letter: dict[str, int] = {}
        self.groups: list[int] = []
        """The bits of each wanted glob: with none of them on it cannot match any more."""
        self.wanted = self.unwanted = self.lost = 0
        at = 0
        for number, glob in enumerate((*aims, *against)):
            self._add(glob, at)
            last = 1 << at + len(glob)
            if number < len(aims):
                self.wanted |= last
                self.groups.append((last << 1) - (1 << at))
            else:
                self.unwanted |= last
                self.lost |= last if glob.endswith("*") else 0
            self.begin |= 1 << at
            at += len(glob) + 1
        self.begin |= (self.begin & self.stars) << 1

    def _add(self, glob: str, at: int) -> None:
        for place, sign in enumerate(glob):
            bit = 1 << at + place
            if sign == "*":
                self.stars |= bit
            elif sign == "?":
                self.marks |= bit
            else:
                self.by_letter[sign] = self.by_letter.get(sign, 0) | bit

    def step(self, state: int, letter: str) -> int:
        moved = (state & (self.marks | self.by_letter.get(letter, 0))) << 1
        moved |= state & self.stars
        return moved | (moved & self.stars) << 1

    def alive(self, state: int) -> bool:
        """Whether a text that begins like this may still be found: an unwanted glob with a star at its end that
        has matched once matches whatever follows."""
        return not state & self.lost and all(state & group for group in self.groups)

    def accepts(self, state: int) -> bool:
        return not self.wanted & ~state and not state & self.unwanted


def contains(outer: str, inner: str) -> bool:
    """Whether every text that `inner` matches is matched by `outer`. Raises `UndecidedError`."""
    return text_between((inner,), (outer,)) is None


def overlap(one: str, other: str) -> bool:
    """Whether a text is matched by both. Raises `UndecidedError`.

    With a star in both, only what stands before the first star and behind the last one can clash: all between
    finds room one behind the other.
    """
    first, second = normal(one).split("*"), normal(other).split("*")
    if len(first) == 1 or len(second) == 1:
        return text_between((one, other), ()) is not None
    heads = _agree(first[0], second[0])
    return heads and _agree(first[-1][::-1], second[-1][::-1])


def _agree(one: str, other: str) -> bool:
    return all(a == b or "?" in (a, b) for a, b in zip(one, other, strict=False))
