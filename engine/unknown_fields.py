"""Request fields that a model does not know, learnt from its own refusals.

Leaving one out costs a call the first time. It is remembered only when the model said that it does not know the field,
whatever its value, and answered without it; and not for ever, since servers are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

KEPT = 3600.0
"""Seconds."""


class UnknownFields(msgspec.Struct):
    """By candidate id. Times are seconds of a monotonic clock."""

    known: dict[str, tuple[float, frozenset[str]]] = msgspec.field(default_factory=dict)
    """Until when which fields are left out."""

    def of(self, candidate: str, now: float) -> frozenset[str]:
        held = self.known.get(candidate)
        return frozenset() if held is None or held[0] <= now else held[1]

    def learn(self, candidate: str, fields: Iterable[str], now: float) -> None:
        self.known[candidate] = (now + KEPT, self.of(candidate, now) | frozenset(fields))

    def forget(self, candidate: str) -> bool:
        """Whether there was something to forget."""
        return self.known.pop(candidate, None) is not None

    def sweep(self, now: float) -> None:
        self.known = {name: held for name, held in self.known.items() if held[0] > now}
