"""Two providers to which no way is found within two seconds: it is our own network, and nobody's failure.

A name that is not resolved, no answer to the call in time, no route. A refusal is none of these: whoever refuses has
been reached, so the network works.
"""

from __future__ import annotations

from dataclasses import dataclass

TOGETHER = 2.0
"""Seconds within which failures to find a way count as one event."""
PARDON = 10.0
"""Seconds for which such failures then count for nothing."""


@dataclass(slots=True)
class OfflineGuard:
    """Told of each failure to find a way. Times are seconds of a monotonic clock."""

    last: tuple[str, float] = ("", float("-inf"))
    until: float = float("-inf")

    def failed(self, provider: str, now: float) -> None:
        name, at = self.last
        if name != provider and now - at <= TOGETHER:
            self.until = now + PARDON
        self.last = (provider, now)

    def down(self, now: float) -> bool:
        return now < self.until
