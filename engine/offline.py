"""Two providers that cannot be reached within two seconds: it is our own network, and nobody's failure."""

from __future__ import annotations

from dataclasses import dataclass

TOGETHER = 2.0
"""Seconds within which failures to connect or resolve count as one event."""
PARDON = 10.0
"""Seconds for which such failures then count for nothing."""


@dataclass(slots=True)
class OfflineGuard:
    """Told of each failure to connect. Times are seconds of a monotonic clock."""

    last: tuple[str, float] = ("", float("-inf"))
    until: float = float("-inf")

    def failed(self, provider: str, now: float) -> None:
        name, at = self.last
        if name != provider and now - at <= TOGETHER:
            self.until = now + PARDON
        self.last = (provider, now)

    def down(self, now: float) -> bool:
        return now < self.until
