"""Who is put aside although healthy: blocks (too many requests) and verdicts (bad key, no credit, no such model).

Both are a time until which a subject is skipped silently. `until` only ever grows until it has passed. A subject is a
key, `(provider, key)`, or a model behind a key, `(provider, key, model)`. Times are seconds of a monotonic clock.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

Subject = tuple[str, ...]

LADDER = (10.0, 20.0, 40.0, 60.0)
"""Seconds of block after the first, second, … 429 in a row that names no time itself."""
SHORTEST, LONGEST = 1.0, 86_400.0
KEY_WINDOW = 10.0
"""Two models of one key blocked within this many seconds: the key itself is what is limited."""


class Aside(msgspec.Struct, frozen=True):
    """Why a subject is put aside, and until when. `verdict` is a failure kind, or None for a block."""

    until: float
    why: str
    verdict: str | None = None


class Blocks(msgspec.Struct):
    asides: dict[Subject, Aside] = msgspec.field(default_factory=dict)
    strikes: dict[Subject, int] = msgspec.field(default_factory=dict)
    last_block: dict[Subject, tuple[float, str]] = msgspec.field(default_factory=dict)
    """Per key: when it was last blocked, and for which model."""

    def aside(self, now: float, provider: str, key: str, model: str) -> Aside | None:
        """The aside that holds longest for this model behind this key, or None."""
        found: Aside | None = None
        for subject in ((provider, key, model), (provider, key)):
            held = self.asides.get(subject)
            if held is None:
                continue
            if held.until <= now:
                del self.asides[subject]
            elif found is None or held.until > found.until:
                found = held
        return found

    def block(
        self, now: float, provider: str, key: str, model: str, retry_after: float | None, why: str
    ) -> float:
        """Blocks the model behind the key, or the whole key when a second of its models is hit. Seconds blocked."""
        subject: Subject = (provider, key, model)
        strike = self.strikes.get(subject, 0)
        if not self._blocked(now, subject):
            self.strikes[subject] = strike + 1
        else:  # sent before the block was known: the same strike once more
            strike = max(strike - 1, 0)
        seconds = LADDER[min(strike, len(LADDER) - 1)] if retry_after is None else retry_after
        seconds = min(max(seconds, SHORTEST), LONGEST)
        self._put(now, subject, Aside(now + seconds, why))
        at, other = self.last_block.get((provider, key), (float("-inf"), model))
        if key and other != model and now - at <= KEY_WINDOW:
            self._put(now, (provider, key), Aside(now + seconds, why))
        self.last_block[provider, key] = (now, model)
        return seconds

    def condemn(self, now: float, subject: Subject, seconds: float, verdict: str, why: str) -> None:
        self._put(now, subject, Aside(now + seconds, why, verdict))

    def heard(self, now: float, subject: Subject, seconds: float, verdict: str | None, why: str) -> None:
        """Another process has put the subject aside."""
        self._put(now, subject, Aside(now + seconds, why, verdict))

    def answered(self, provider: str, key: str, model: str) -> None:
        """A success ends the ladder of growing blocks."""
        self.strikes.pop((provider, key, model), None)

    def pardon(self) -> None:
        """A new policy is in force: verdicts are void, blocks stay."""
        self.asides = {subject: held for subject, held in self.asides.items() if held.verdict is None}

    def replaced(self, provider: str, key: str) -> None:
        """The key is another one from now on: what was known of the old one is void."""
        self.asides = {one: held for one, held in self.asides.items() if one[:2] != (provider, key)}
        self.strikes = {one: strike for one, strike in self.strikes.items() if one[:2] != (provider, key)}
        self.last_block.pop((provider, key), None)

    def slept(self, seconds: float) -> None:
        """So much time has passed that the clock has not counted."""
        self.asides = {one: replace(held, until=held.until - seconds) for one, held in self.asides.items()}

    def sweep(self, now: float) -> None:
        """Forgets what is over. A ladder of blocks ends when nothing was blocked for as long as its last step."""
        self.asides = {subject: held for subject, held in self.asides.items() if held.until > now}
        self.last_block = {key: at for key, at in self.last_block.items() if now - at[0] <= LADDER[-1]}
        self.strikes = {
            subject: strike
            for subject, strike in self.strikes.items()
            if subject in self.asides or subject[:2] in self.last_block
        }

    def _blocked(self, now: float, subject: Subject) -> bool:
        held = self.asides.get(subject)
        return held is not None and held.until > now and held.verdict is None

    def _put(self, now: float, subject: Subject, aside: Aside) -> None:
        held = self.asides.get(subject)
        if held is None or held.until <= now or held.until < aside.until:
            self.asides[subject] = aside
