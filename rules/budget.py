"""How much the analysis may look at: a bound on its time that does not depend on the machine."""

from __future__ import annotations

import msgspec

from rules.glob_automata import UndecidedError

FREE = 3
"""Steps that each question may take without counting."""

LARGE = 2_000
"""Boxes and globs from which on a policy is too large to be looked at as a whole: single steps would take too long."""


class Budget(msgspec.Struct):
    """Steps that may still be taken: by all questions together, and by each. In a policy of up to some hundred routes
    a step is one region that is looked at, a third of a millisecond or less; in larger ones a region is more steps."""

    all: int = 8_000
    each: int = 1_000
    free: int = FREE
    left: int = 0

    def begin(self) -> None:
        """A new question; its first steps are free, so that many easy ones are not what uses up the budget."""
        self.all += self.free
        self.left = min(self.each, self.all)

    @classmethod
    def fitting(cls, size: int) -> Budget:
        """The budget for a policy of so many boxes and globs."""
        return cls() if size <= LARGE else cls(0, 0, 0)

    def spend(self, steps: int = 1) -> None:
        """Raises `UndecidedError` when nothing is left."""
        self.left -= steps
        self.all -= steps
        if self.left < 0 or self.all < 0:
            raise UndecidedError

    def states(self, states: int) -> None:
        """States of an automaton, which are looked at faster."""
        self.spend(states // 16)
