"""What processes tell each other of candidates: who rests, who is blocked, whom a provider has turned away.

A hint is a JSON list and a remaining time. It carries names that are in the policy anyway and no text of an upstream;
keys are meant by their index and a mark of the provider's keys, so that a new key does not inherit the old one's fate.
What comes from the server is as little trusted as what comes from a client. A process's own observation wins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from engine.blocks import LONGEST
from engine.health import Health, HealthRule
from engine.state import Slot, State
from providers.failures import OUTCOMES
from providers.provider import Provider

STAYS = 60.0
"""Seconds for which a rest that is over stays known: one that was withdrawn sooner has been healed."""
FRESH = 2.0
"""Seconds for which an answer of its own is better knowledge than a hint."""
LONGEST_NAME = 300
NEWS = 0.5
"""Seconds by which a time must be later than the one known to be another."""
BLOCK = ""
"""Kind of an aside that is no verdict."""
WHY = "another process was told so by the provider"
VERDICTS = frozenset(kind for kind, outcome in OUTCOMES.items() if outcome.verdict and not outcome.local)
UNSEEN = HealthRule(1, 30.0, 30.0)
"""Stands in until the candidate is asked for and brings its own."""


def mark(provider: Provider) -> str:
    """Tells one set of keys from another and gives none of them away."""
    digest = hashlib.blake2b(digest_size=6, person=b"fcc-keys")
    for key in provider.keys:
        digest.update(key.id.encode() + b"\0" + key.secret.reveal().encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def rest_of(candidate: str) -> str:
    return msgspec.json.encode(["rest", candidate]).decode()


@dataclass(slots=True)
class Hints:
    """Told and heard by one process."""

    state: State
    marks: Mapping[str, str] = field(default_factory=dict)
    """Provider → mark of its keys."""
    adopted: set[str] = field(default_factory=set)
    """Candidates that rest because of a hint alone."""
    answered: dict[str, float] = field(default_factory=dict)
    """Candidate → its last first content here."""
    _applied: dict[str, float] = field(default_factory=dict)
    """Hint → until when it was applied; a pardon must not be undone by the same hint."""

    def began(self, candidate: str, now: float) -> None:
        self.answered[candidate] = now
        if len(self.answered) > 4096:
            self.answered = {name: at for name, at in self.answered.items() if now - at < FRESH}

    def after_failure(self, slot: Slot, now: float) -> dict[str, float]:
        """Hints to tell after a failure of this slot, and until when they hold."""
        told: dict[str, float] = {}
        candidate, provider = slot.candidate, slot.candidate.provider.name
        health = self.state.healths.get(candidate.id)
        if health is not None and health.until is not None and health.until > now:
            if candidate.id not in self.adopted or not health.leased_until:
                told[rest_of(candidate.id)] = health.until
            self.adopted.discard(candidate.id)
        for subject in ((provider, slot.key.id, candidate.model), (provider, slot.key.id)):
            held = self.state.blocks.asides.get(subject)
            if held is not None and held.until > now and (not held.verdict or held.verdict in VERDICTS):
                hint = ["aside", held.verdict or BLOCK, self.marks.get(provider, ""), *subject]
                told[msgspec.json.encode(hint).decode()] = held.until
        return told

    def pardoned(self, candidates: Iterable[str], told: Iterable[str]) -> set[str]:
        """An admin has forgotten why these are put aside: the hints to take back, from the server and from what is yet
        to be `told`. Otherwise the next beat, or the next process, would take them to heart again."""
        names = set(candidates)
        self.adopted -= names
        about = {rest_of(name) for name in names}
        for hint in {*self._applied, *told}:
            words = _words(hint.encode())
            if words is None or words[0] == "rest":
                continue
            provider, _, *model = words[3:]
            if any(
                name.startswith(f"{provider}/") and model in ([], [name[len(provider) + 1 :]])
                for name in names
            ):
                about.add(hint)
        return about

    def hear(self, hints: Iterable[tuple[bytes, float]], now: float) -> None:
        """All hints that the server holds, with their remaining seconds."""
        resting: set[str] = set()
        live: dict[str, float] = {}
        for member, remaining in hints:
            words = _words(member)
            if words is None:
                continue
            until = now + min(remaining, LONGEST)
            if words[0] == "rest":
                resting.add(words[1])
                self._rest(words[1], until, now)
            elif remaining > 0:
                name = member.decode()
                live[name] = self._applied.get(name, 0.0)
                if until > live[name] + NEWS and self._aside(words, until - now, now):
                    live[name] = until
        self._applied = live
        for candidate in self.adopted - resting:
            self._healed(candidate)

    def _rest(self, candidate: str, until: float, now: float) -> None:
        if until <= now or now - self.answered.get(candidate, float("-inf")) < FRESH:
            return
        health = self.state.healths.get(candidate)
        if health is None:
            health = self.state.healths[candidate] = Health(UNSEEN)
        if health.until is None or candidate in self.adopted:
            health.heard(until)
            self.adopted.add(candidate)

    def _healed(self, candidate: str) -> None:
        self.adopted.discard(candidate)
        health = self.state.healths.get(candidate)
        if health is not None:
            health.healed()

    def _aside(self, words: list[str], seconds: float, now: float) -> bool:
        kind, keys, provider, key, *model = words[1:]
        if keys != self.marks.get(provider) or now - self._last(provider, model) < FRESH:
            return False
        self.state.blocks.heard(now, (provider, key, *model), seconds, kind or None, WHY)
        return True

    def _last(self, provider: str, model: list[str]) -> float:
        return self.answered.get(f"{provider}/{model[0]}", float("-inf")) if model else float("-inf")


def _words(member: bytes) -> list[str] | None:
    """The words of a hint; None for what is none."""
    try:
        words = msgspec.json.decode(member, type=list[str])
    except msgspec.MsgspecError:
        return None
    if any(len(word) > LONGEST_NAME for word in words):
        return None
    if len(words) == 2 and words[0] == "rest":
        return words
    if len(words) in (5, 6) and words[0] == "aside" and (words[1] == BLOCK or words[1] in VERDICTS):
        return words
    return None
