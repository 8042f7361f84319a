"""When a model rests: a pure state machine per candidate, told the time and what happened.

    healthy ──N failures in (now − window, now]──▶ resting until now + rest
    resting ──time──▶ half-open: one request at a time may probe
    half-open ──probe's first content──▶ healthy      half-open ──probe fails──▶ resting again

A failure reported while resting (an answer that was on its way when the latch fell) neither shortens nor extends
the rest. A success heals only if it is a probe's. With `rest up to`, each rest in a row doubles up to that cap.
Times are seconds of any monotonic clock. Numbers and boundaries: the founding text; half-open after Finagle.
"""

from __future__ import annotations

from collections import deque

import msgspec

PROBE_LEASE = 60.0
"""Seconds after which a probe that never reported is presumed lost."""
FORGOTTEN = 3600.0
"""Seconds after a rest for which a model that nobody asks for stays half-open."""
DOUBLINGS = 60
"""Beyond them a rest is longer than any cap, and soon than any float."""

Lease = float | None
"""The right to probe, known by the time at which it runs out; None: not the probe."""


class HealthRule(msgspec.Struct, frozen=True):
    """`health GLOB failures in window, rest rest[, rest up to cap]`."""

    failures: int
    window: float
    rest: float
    rest_up_to: float | None = None


class Health(msgspec.Struct):
    """State of one candidate."""

    rule: HealthRule
    recent: deque[float] = msgspec.field(default_factory=deque)
    until: float | None = None
    """End of the rest; stays set while half-open; None: healthy."""
    rests: int = 0
    """Rests in a row without a successful probe between them."""
    leased_until: float | None = None
    """A probe is under way until then at the latest."""

    def rests_at(self, now: float) -> bool:
        """Resting, or half-open with the one probe out."""
        if self.until is None:
            return False
        if now < self.until:
            return True
        return self.leased_until is not None and now < self.leased_until

    def enter(self, now: float) -> Lease:
        """A request goes to the candidate now. Not None: it is the probe, and must report with this lease."""
        if self.until is None or (self.leased_until is not None and now < self.leased_until):
            return None
        self.leased_until = now + PROBE_LEASE
        return self.leased_until

    def failed(self, now: float, lease: Lease) -> None:
        if self.until is not None:
            if self._holds(lease):
                self.leased_until = None
                if now >= self.until:
                    self._rest(now)
            return
        recent = self.recent
        recent.append(now)
        while recent and recent[0] <= now - self.rule.window:
            recent.popleft()
        if len(recent) >= self.rule.failures:
            self._rest(now)

    def succeeded(self, lease: Lease) -> None:
        if self._holds(lease):
            self.until = None
            self.leased_until = None
            self.rests = 0
            self.recent.clear()

    def heard(self, until: float) -> None:
        """Another process says that it rests."""
        self.until = max(until, self.until or until)

    def healed(self) -> None:
        """Another process has probed it with success."""
        self.until = self.leased_until = None
        self.rests = 0
        self.recent.clear()

    def released(self, lease: Lease) -> None:
        """The request ended without a word on the candidate's health: cancelled, blocked, refused."""
        if self._holds(lease):
            self.leased_until = None

    def slept(self, seconds: float) -> None:
        """So much time has passed that the clock has not counted."""
        if self.until is not None:
            self.until -= seconds
        self.recent = deque(at - seconds for at in self.recent)

    def idle(self, now: float) -> bool:
        """Nothing is known that a new one would not know, or nobody has asked for it for long after its rest."""
        if self.until is not None:
            return self.until + FORGOTTEN <= now and not self.rests_at(now)
        return not self.recent or self.recent[-1] <= now - self.rule.window

    def _holds(self, lease: Lease) -> bool:
        """A lease that ran out may have been given to somebody else."""
        return lease is not None and lease == self.leased_until

    def _rest(self, now: float) -> None:
        rest = self.rule.rest
        if self.rule.rest_up_to is not None:
            rest = min(rest * 2.0 ** min(self.rests, DOUBLINGS), max(self.rule.rest_up_to, rest))
        self.rests += 1
        self.until = now + rest
        self.leased_until = None
        self.recent.clear()
