"""The values of a text fact as a space to search: which globs are known to match, and which not to.

What follows from one glob alone is kept in tables (`*haiku*` follows from `claude-haiku-*`, and `zen/*` is out).
That is quick and not complete; so every space carries a text, or set of texts, that proves it is not empty, and
makes a new one, or finds that there is none, only when the old one no longer fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from rules.glob_automata import OTHERS, UndecidedError, ask, contains, overlap
from rules.globs import Matcher, bits, is_plain, predicate

COMPARED = 100
"""Globs that are compared to one in the time of a step."""

MAX_GROUPED = 8
"""Most globs for which the smallest set of texts that they match is looked for."""


class TextState(msgspec.Struct, frozen=True):
    """A part of the space. All fields but `proof` are masks of globs."""

    required: int
    excluded: int
    known: int
    """Globs that match every text of the part."""
    ruled_out: int
    """Globs that match no text of the part."""
    proof: tuple[str, ...]
    """The text; for a set its members."""
    matched: int
    """The globs that match the proof."""


class TextSpace:
    """All values of one text, or one set of texts, over the globs of a policy."""

    def __init__(
        self, matcher: Matcher, *, is_set: bool, nice: Sequence[str] = ("",), spend: Callable[[int], None]
    ) -> None:
        """`nice` texts are tried first; `spend` is told the states that were looked at, and may raise."""
        self.spend = spend
        self.matcher = matcher
        self.globs = matcher.globs
        self.is_set = is_set
        self.nice = nice
        used = {sign for glob in self.globs for sign in glob}
        other = next(sign for sign in OTHERS if sign not in used)
        # A glob that contains another matches its shortest and its longest instance, stars as nothing and as much.
        self._short = [glob.replace("*", "").replace("?", other) for glob in self.globs]
        run = other * (max(map(len, self.globs), default=0) + 1)
        self._long = [glob.replace("*", run).replace("?", other) for glob in self.globs]
        self._met = 0
        """Globs that were compared to all others."""
        self._follows: dict[int, int] = {}
        self._within: dict[int, int] = {}
        self._apart: dict[int, int] = {}
        self._seen: dict[str, int] = {}
        proof = () if is_set else (nice[0],)
        self.whole = TextState(0, 0, 0, 0, proof, self.matches(proof))

    @property
    def everything(self) -> int:
        return (1 << len(self.globs)) - 1

    def matched(self, text: str) -> int:
        """The globs that match a text; texts are few, and come again."""
        found = self._seen.get(text)
        if found is None:
            found = self._seen[text] = self.matcher.matched(text)
        return found

    def restrict(self, state: TextState, required: int, excluded: int) -> TextState | None:
        """The part where also these globs match and those do not; None when it is empty. Raises `UndecidedError`."""
        more, less = required & ~state.required, excluded & ~state.excluded
        if not more and not less:
            return state
        known, out = state.known, state.ruled_out
        new = (more & ~self._met).bit_count() + (less & ~self._met).bit_count()
        self.spend(new * (len(self.globs) // COMPARED))
        self._met |= more | less
        for glob in bits(more):
            known |= self._follow(glob)
            out |= 0 if self.is_set else self._away(glob)
        for glob in bits(less):
            out |= self._inside(glob)
        required |= state.required
        excluded |= state.excluded
        if known & out or required & excluded:
            return None
        proof, matched = state.proof, state.matched
        if required & ~matched or excluded & matched:
            found = self._proof(required, excluded)
            if found is None:
                return None
            proof, matched = found, self.matches(found)
        return TextState(required, excluded, known, out, proof, matched)

    def least(self, state: TextState) -> int:
        """The fewest members a set of this part has. Raises `UndecidedError`."""
        globs = [self.globs[number] for number in bits(state.required)]
        if len(globs) <= 1:
            return len(globs)
        if len(globs) > MAX_GROUPED:
            raise UndecidedError
        excluded = self._names(state.excluded)
        return next(most for most in range(1, len(globs) + 1) if self._group(globs, [], excluded, most))

    def grouped(self, state: TextState, most: int) -> tuple[str, ...]:
        """Members for a set of this part, at most so many."""
        if len(state.proof) <= most:
            return state.proof
        required, excluded = self._names(state.required), self._names(state.excluded)
        return tuple(self._group(list(required), [], excluded, most) or state.proof)

    def filler(self, state: TextState) -> str | None:
        """A text that could be one more member; None when every text is excluded. Raises `UndecidedError`."""
        return self._one(0, state.excluded)

    # --- what follows from what -------------------------------------------------------------------------------

    def _follow(self, number: int) -> int:
        """The globs that match whatever this one matches."""
        if number not in self._follows:
            glob = self.globs[number]
            candidates = self.matched(self._short[number]) & self.matched(self._long[number])
            if not is_plain(glob):
                others = candidates & ~(1 << number)
                candidates = sum(1 << one for one in bits(others) if contains(self.globs[one], glob))
            self._follows[number] = candidates | 1 << number
        return self._follows[number]

    def _inside(self, number: int) -> int:
        """The globs that match nothing this one does not match."""
        if number not in self._within:
            glob = self.globs[number]
            fits = predicate(glob)
            near = (one for one in range(len(self.globs)) if fits(self._short[one]) and fits(self._long[one]))
            inside = 0 if is_plain(glob) else sum(1 << one for one in near if contains(glob, self.globs[one]))
            self._within[number] = inside | 1 << number
        return self._within[number]

    def _away(self, number: int) -> int:
        """The globs that share no text with this one."""
        if number not in self._apart:
            glob = self.globs[number]
            if is_plain(glob):
                apart = self.everything & ~self.matched(glob)
            else:
                fits = predicate(glob)
                apart = 0
                for one, other in enumerate(self.globs):
                    if not (fits(other) if is_plain(other) else overlap(glob, other)):
                        apart |= 1 << one
            self._apart[number] = apart
        return self._apart[number]

    # --- proofs -----------------------------------------------------------------------------------------------

    def _names(self, mask: int) -> tuple[str, ...]:
        return tuple(self.globs[number] for number in bits(mask))

    def matches(self, texts: Iterable[str]) -> int:
        mask = 0
        for text in texts:
            mask |= self.matched(text)
        return mask

    def _proof(self, required: int, excluded: int) -> tuple[str, ...] | None:
        if not self.is_set:
            text = self._one(required, excluded)
            return None if text is None else (text,)
        members: dict[str, None] = {}
        for number in bits(required):
            text = self._one(1 << number, excluded)
            if text is None:
                return None
            members[text] = None
        return tuple(members)

    def _one(self, required: int, excluded: int) -> str | None:
        for text in self.nice:
            matched = self.matched(text)
            if not required & ~matched and not excluded & matched:
                return text
        return self._between(self._names(required), self._names(excluded))

    def _between(self, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> str | None:
        answer = ask(wanted, unwanted)
        self.spend(answer.states)
        if not answer.decided:
            raise UndecidedError
        return answer.text

    def _group(
        self, globs: list[str], groups: list[list[str]], excluded: tuple[str, ...], most: int
    ) -> list[str] | None:
        """A text for each of at most so many groups of the globs, so that each glob matches one of the texts; None
        when it takes more."""
        if not globs:
            texts = [self._between(tuple(group), excluded) for group in groups]
            return [text for text in texts if text is not None]
        glob, rest = globs[0], globs[1:]
        for number, group in enumerate(groups):
            if self._between((*group, glob), excluded) is not None:
                joined = [*groups[:number], [*group, glob], *groups[number + 1 :]]
                found = self._group(rest, joined, excluded, most)
                if found is not None:
                    return found
        return self._group(rest, [*groups, [glob]], excluded, most) if len(groups) < most else None
