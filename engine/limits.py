"""How fast and how wide a model may be asked: a strict sliding-window log and a concurrency cap.

A log, not a fixed window nor a token bucket: those two admit up to twice the limit across a boundary. A slot is
taken when the request is sent and is not given back: the upstream has counted it too. Pure: told the time, never
waits. Times are seconds of any monotonic clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LimitRule:
    """`count` per `window` seconds (None: no rate), at most `at_once` in flight (None: any number)."""

    count: int | None = None
    window: float = 60.0
    tokens: bool = False
    """`count` counts prompt tokens instead of requests."""
    at_once: int | None = None
    wait: float = 0.0
    """How long a request may queue for this limit before the candidate is skipped."""


@dataclass(slots=True)
class Bucket:
    """The log and the requests in flight of one limit."""

    rule: LimitRule
    log: deque[tuple[float, int]] = field(default_factory=deque)
    used: int = 0
    in_flight: int = 0
    barred: float = float("-inf")
    """Until then other processes have used the limit up."""

    def delay(self, now: float, amount: int = 1, count: int | None = None) -> float:
        """Seconds until `amount` fits into the window; 0.0 if it does now. The concurrency cap is not asked.

        An amount larger than the whole limit fits once the window is empty: it could never go otherwise.
        `count`: a smaller limit than the rule's, when only a share of it is this process's own.
        """
        count = self.rule.count if count is None else count
        if count is None:
            return 0.0
        self._forget(now)
        over = self.used + amount - count
        if over <= 0 or not self.log:
            return 0.0
        freed = 0
        for at, spent in self.log:
            freed += spent
            if freed >= over:
                return max(at + self.rule.window - now, 0.0)
        return max(self.log[-1][0] + self.rule.window - now, 0.0)

    @property
    def full(self) -> bool:
        return self.rule.at_once is not None and self.in_flight >= self.rule.at_once

    def take(self, now: float, amount: int = 1, *, booked: bool = False) -> None:
        """A request is sent now. `booked`: its place in the window was reserved before."""
        self.in_flight += 1
        if self.rule.count is not None and not booked:
            self.log.append((now, amount))
            self.used += amount

    def reserve(self, now: float, amount: int = 1) -> float:
        """Books the earliest place in the window for later; the time at which it may be used.

        Those who come after find the place taken, which makes waiting first come, first served.
        """
        at = now + self.delay(now, amount)
        if self.rule.count is not None:
            self.log.append((at, amount))
            self.used += amount
        return at

    def give_back(self, at: float, amount: int = 1) -> None:
        """A booked place will not be used."""
        if (at, amount) in self.log:
            self.log.remove((at, amount))
            self.used -= amount

    def release(self) -> None:
        self.in_flight -= 1

    @property
    def busy(self) -> float:
        """Share of the concurrency cap in use, rounded to 0.1; the plain count where there is no cap."""
        if self.rule.at_once:
            return round(self.in_flight / self.rule.at_once, 1)
        return float(self.in_flight)

    def idle(self, now: float) -> bool:
        self._forget(now)
        return not self.log and not self.in_flight

    def _forget(self, now: float) -> None:
        log, edge = self.log, now - self.rule.window
        while log and log[0][0] <= edge:
            self.used -= log.popleft()[1]
