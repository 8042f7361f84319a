"""Smallest sets: the fewest routes that together take everything another route could take.

Every request that the route could take and a set of routes leaves over names the routes of which one has to be in the
set. The smallest set that meets all of these is tried next; when it leaves nothing over, no smaller one does either
(implicit hitting sets, after Ignatiev, Previti, Liffiton and Marques-Silva, "Smallest MUS Extraction with Minimal
Hitting Set Dualization", CP 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rules.globs import bits

MAX_ROUNDS = 60
"""Sets that are tried before a set is taken that is minimal, but perhaps not the smallest."""

MAX_SIZE = 5
"""Larger smallest sets are not searched for."""


def smallest_cover(left_over: Callable[[int], int], candidates: int) -> int:
    """The candidates that leave nothing over, as a mask; all of them have to.

    `left_over(mask)` is 0, or the candidates that take one request which those in the mask leave over. It may raise.
    """
    needed: list[int] = []
    chosen = 0
    for _ in range(MAX_ROUNDS):
        takers = left_over(chosen)
        if not takers:
            return chosen
        needed.append(takers)
        found = smallest_hitting(needed)
        if found is None:
            break
        chosen = found
    return _minimal(left_over, candidates)


def smallest_hitting(needed: Sequence[int]) -> int | None:
    """A smallest mask that shares a bit with each; None when that takes more than `MAX_SIZE`."""
    return next((found for size in range(MAX_SIZE + 1) if (found := _hit(needed, 0, size)) is not None), None)


def _hit(needed: Sequence[int], chosen: int, size: int) -> int | None:
    open_ = [one for one in needed if not one & chosen]
    if not open_:
        return chosen
    if not size:
        return None
    for bit in bits(min(open_, key=int.bit_count)):
        found = _hit(open_, chosen | 1 << bit, size - 1)
        if found is not None:
            return found
    return None


def _minimal(left_over: Callable[[int], int], candidates: int) -> int:
    """Leaves out what can be left out, the last first."""
    kept = candidates
    for bit in reversed(list(bits(candidates))):
        if not left_over(kept & ~(1 << bit)):
            kept &= ~(1 << bit)
    return kept
