"""How fast and how wide a model may be asked: a strict sliding-window log and a concurrency cap.

A log, not a fixed window nor a token bucket: those two admit up to twice the limit across a boundary. A slot is
taken when the request is sent and is not given back: the upstream has counted it too. Pure: told the time, never
waits. Times are seconds of any monotonic clock.
"""

from __future__ import annotations

from collections import deque

import msgspec


class LimitRule(msgspec.Struct, frozen=True):
    """`count` per `window` seconds (None: no rate), at most `at_once` in flight (None: any number)."""

    count: int | None = None
    window: float = 60.0
    tokens: bool = False
    """`count` counts prompt tokens instead of requests."""
    at_once: int | None = None
    wait: float = 0.0
    """How long a request may queue for this limit before the candidate is skipped."""


class Booking(msgspec.Struct, eq=False):
    """A place in the window, to be used at `at`."""

    at: float
    amount: int


class Bucket(msgspec.Struct, eq=False):
    """The log of what was sent, the places booked for later, and the requests in flight of one limit."""

    rule: LimitRule
    log: deque[tuple[float, int]] = msgspec.field(default_factory=deque)
    used: int = 0
    """Sum of the log."""
    booked: list[Booking] = msgspec.field(default_factory=list)
    """First come first."""
    in_flight: int = 0
    line: deque[object] = msgspec.field(default_factory=deque)
    """Those who wait for a place in flight, first come first."""
    barred: float = float("-inf")
    """Until then other processes have used the limit up."""
    name: tuple[str, ...] = ()
    """What other processes know it by."""

    def follow(self, rule: LimitRule) -> None:
        """The rule of now, which a reload may have changed.

        What was counted in tokens is no number of requests, nor the other way round: each counts for one then.
        """
        if rule == self.rule:
            return
        if rule.tokens is not self.rule.tokens:
            self.log = deque((at, 1) for at, _ in self.log)
            self.used = len(self.log)
        self.rule, self.barred = rule, float("-inf")

    def delay(
        self, now: float, amount: int = 1, count: int | None = None, *, mine: Booking | None = None
    ) -> float:
        """Seconds until `amount` fits into the window; 0.0 if it does now. The concurrency cap is not asked.

        An amount larger than the whole limit fits once the window is empty: it could never go otherwise.
        `count`: a smaller limit than the rule's, when only a share of it is this process's own. `mine`: for whom a
        place is booked, so that only those count that were booked before it, and none once it is due.
        """
        count = self.rule.count if count is None else count
        if count is None:
            return 0.0
        self._forget(now)
        ahead = self._ahead(now, mine) if self.booked else ()
        later = [(max(one.at, now), one.amount) for one in ahead]
        over = self.used + sum(spent for _, spent in later) + amount - count
        if over <= 0:
            return 0.0
        free = now - self.rule.window
        for at, spent in (*self.log, *later):
            free, over = at, over - spent
            if over <= 0:
                break
        return max(free + self.rule.window - now, 0.0)

    def full(self, waiter: object = None) -> bool:
        """No place in flight for whoever stands in the line as `waiter`, or would have to go to its end."""
        if self.rule.at_once is None:
            return False
        ahead = self.line.index(waiter) if waiter in self.line else len(self.line)
        return self.in_flight + ahead >= self.rule.at_once

    def take(self, now: float, amount: int = 1) -> None:
        """A request is sent now."""
        self.in_flight += 1
        if self.rule.count is not None:
            self.log.append((now, amount))
            self.used += amount

    def refund(self, at: float, amount: int = 1) -> None:
        """What was taken at `at` was not sent after all."""
        if (at, amount) in self.log:
            self.log.remove((at, amount))
            self.used -= amount

    def delayed(self, at: float, now: float, amount: int = 1) -> None:
        """What was taken at `at` is sent only now."""
        if (at, amount) in self.log:
            self.log.remove((at, amount))
            self.log.append((now, amount))

    def book(self, now: float, amount: int = 1) -> Booking:
        """Books the earliest place in the window for later.

        Those who come after find the place taken, which makes waiting first come, first served.
        """
        booking = Booking(now + self.delay(now, amount), amount)
        self.booked.append(booking)
        return booking

    def unbook(self, booking: Booking) -> None:
        """A booked place is used now, or will not be."""
        self.booked.remove(booking)

    def release(self) -> None:
        self.in_flight -= 1

    def slept(self, seconds: float) -> None:
        """So much time has passed that the clock has not counted. Who waits goes on to wait."""
        self.log = deque((at - seconds, spent) for at, spent in self.log)
        self.barred -= seconds

    def idle(self, now: float) -> bool:
        self._forget(now)
        return not (self.log or self.booked or self.line or self.in_flight)

    def _ahead(self, now: float, mine: Booking | None) -> list[Booking]:
        if mine is None:
            return self.booked
        return [] if now >= mine.at else self.booked[: self.booked.index(mine)]

    def _forget(self, now: float) -> None:
        log, window = self.log, self.rule.window
        while log and log[0][0] + window <= now:
            self.used -= log.popleft()[1]
