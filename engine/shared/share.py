"""What one process may do while it cannot ask the others: its share of every limit. Pure.

N divided by the processes last seen: neither open, which would be N for each, nor closed. What the others were last
known to have used counts as well for one window, because a share does not undo what was given before.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from engine.limits import Bucket

REMEMBERED = 30.0
"""Seconds for which a process that was seen is reckoned with."""
MOST = 1024
"""Processes; a server that says more is not believed."""


@dataclass(slots=True)
class Census:
    """How many processes share the limits: the most that were seen lately. Time stands still while nobody is heard."""

    least: int = 1
    """As many are known without asking: the workers of this machine."""
    seen: deque[tuple[float, int]] = field(default_factory=deque)

    def heard(self, now: float, count: int) -> None:
        seen = self.seen
        count = min(max(count, 1), MOST)
        if seen and seen[-1][1] == count and now - seen[-1][0] < 1:
            return
        seen.append((now, count))
        while seen[0][0] < now - REMEMBERED:
            seen.popleft()

    @property
    def processes(self) -> int:
        return max(self.least, *(count for _, count in self.seen), 1)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What all others had used of a limit when the server last said so, and until when that may count."""

    used: int
    until: float


def own_wait(bucket: Bucket, amount: int, now: float, processes: int, elsewhere: Elsewhere | None) -> float:
    """Seconds until what was just entered in the bucket's log is within this process's share; 0.0 if it is now.

    An amount larger than the share may go once nothing else of the share is used.
    """
    count = bucket.rule.count
    if count is None:
        return 0.0
    share = max(count // processes, 1)
    wait = bucket.delay(now, min(amount, share) - amount, share)
    if elsewhere is not None and now < elsewhere.until and bucket.used + elsewhere.used > count:
        left = max(count - elsewhere.used, 0)
        freed = bucket.delay(now, min(amount, left) - amount, left) if left else elsewhere.until - now
        wait = max(wait, min(freed, elsewhere.until - now))
    return wait


def own_width(bucket: Bucket, processes: int) -> bool:
    """Whether the request that was just counted in flight is within this process's share of the width."""
    width = bucket.rule.at_once
    return width is None or bucket.in_flight <= max(width // processes, 1)
