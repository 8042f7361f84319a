"""What fcc knows of its candidates at this moment: health, blocks and verdicts, limits, load.

Keyed by names, not by objects of a generation, so that it survives a reload. Synchronous: between the look at a
candidate and the taking of its slot nothing else can run. Times are seconds of the event loop's clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Literal, Protocol

import msgspec

from engine.blocks import Blocks, Subject
from engine.candidates import Candidate
from engine.health import Health, Lease
from engine.limits import Booking, Bucket, LimitRule
from engine.offline import OfflineGuard
from engine.unknown_fields import UnknownFields
from providers.failures import Failure, Scope
from providers.provider import Key

Why = Literal["verdict", "block", "resting", "limit", "busy", "incapable", "window"]

WIDTH = 10
"""Requests at once that count as full load where no limit says how many are."""
SMOOTHING = 0.2
"""Share of the newest first-token time in the smoothed one."""
SWEEP = 1024
"""Requests after which buckets of sessions and clients that are gone are dropped."""
NAP = 1.0
"""Seconds; two clocks that are read one after the other differ by less."""
MOST_NAMES = 4096
"""Models, and groups of them, of which it is known how quick they are and whose turn it is."""


class Skip(msgspec.Struct, frozen=True):
    """Why a candidate is not asked now."""

    why: Why
    text: str
    until: float | None = None
    """When it may be asked again, if time alone decides that."""
    kind: str = ""
    """Failure kind of a verdict, `overflow` for a window that is too small."""
    bucket: Bucket | None = None
    key: Key | None = None
    """What is used up, and by which key, where a limit is the reason."""


class Counted(Protocol):
    """What limits may count a request by; `engine.facts.Facts` is one, and reads it only when asked."""

    @property
    def session(self) -> str: ...
    @property
    def client(self) -> str: ...
    @property
    def tokens(self) -> int: ...


class Slot(msgspec.Struct):
    """A candidate that may be asked, and what is held while it is."""

    candidate: Candidate
    key: Key
    bucket: Bucket | None
    probe: Lease = None
    place: str = ""
    """What names it among other processes; "" where they need not know."""


class Standing(Protocol):
    """Somebody who waits for a place."""

    def booking(self, bucket: Bucket) -> Booking | None:
        """The place that he has booked in the bucket's window."""
        ...


class Others(Protocol):
    """The other processes that ask the same upstreams; `engine.shared` is how they are met."""

    async def admit(self, slot: Slot, amount: int, *, probing: bool) -> Skip | None:
        """None: they agree that it is asked now. Never raises, and answers in a tenth of a second."""
        ...

    def ended(self, slot: Slot) -> None: ...
    def began(self, slot: Slot) -> None: ...
    def failed(self, slot: Slot) -> None: ...
    def pardoned(self, candidates: Iterable[str]) -> None: ...


class State(msgspec.Struct):
    healths: dict[str, Health] = msgspec.field(default_factory=dict)
    blocks: Blocks = msgspec.field(default_factory=Blocks)
    fields: UnknownFields = msgspec.field(default_factory=UnknownFields)
    buckets: dict[tuple[str, ...], Bucket] = msgspec.field(default_factory=dict)
    in_flight: dict[str, int] = msgspec.field(default_factory=dict)
    first_token: dict[str, float] = msgspec.field(default_factory=dict)
    """Smoothed seconds to the first content, by candidate."""
    rotations: dict[tuple[str, ...], int] = msgspec.field(default_factory=dict)
    offline: OfflineGuard = msgspec.field(default_factory=OfflineGuard)
    queue: deque[asyncio.Future[None]] = msgspec.field(default_factory=deque)
    """Requests waiting for somebody to finish."""
    taken: int = 0
    slept: float | None = None
    """What the machine had slept in all when it was looked at last."""
    others: Others | None = None
    """None: this is the only process."""

    def look(
        self,
        candidate: Candidate,
        now: float,
        scope: Counted,
        despite: frozenset[str] = frozenset(),
        waiter: Standing | None = None,
    ) -> Skip | Key:
        """The key with which the candidate may be asked now, or why it may not.

        `despite`: reasons that do not count. `waiter`: who asks, if he may stand in a line.
        """
        provider = candidate.provider
        if not provider.keys:
            return Skip("verdict", provider.missing or f"{provider.name} has no key", kind="auth")
        keys = self._keys(candidate, now, despite)
        if isinstance(keys, Skip):
            return keys
        if "resting" not in despite and (resting := self._resting(candidate, now)) is not None:
            return resting
        soonest: Skip | None = None
        for key in keys:
            skip = self._limited(candidate, key, now, scope, waiter)
            if skip is None:
                return key
            soonest = _sooner(soonest, skip)
        assert soonest is not None
        return soonest

    def take(self, candidate: Candidate, key: Key, now: float, scope: Counted) -> Slot:
        """The candidate is asked now."""
        bucket = self.bucket(candidate, scope, key)
        if bucket is not None:
            bucket.take(now, amount_of(bucket.rule, scope))
        health = self._health(candidate)
        probe = health.enter(now) if health is not None else None
        keys = candidate.provider.keys
        if len(keys) > 1:
            self.rotations["keys", candidate.provider.name] = keys.index(key) + 1
        self.in_flight[candidate.id] = self.in_flight.get(candidate.id, 0) + 1
        self.taken += 1
        if self.taken % SWEEP == 0:
            self.sweep(now)
        return Slot(candidate, key, bucket, probe)

    async def claim(
        self, candidate: Candidate, key: Key, scope: Counted, despite: frozenset[str] = frozenset()
    ) -> Slot | Skip:
        """Taken at once, and kept if the other processes agree; without others nothing is waited for."""
        now = asyncio.get_running_loop().time()
        slot = self.take(candidate, key, now, scope)
        others, bucket = self.others, slot.bucket
        probing = slot.probe is not None and "resting" not in despite
        if others is None or (bucket is None and not probing):
            return slot
        amount = amount_of(bucket.rule, scope) if bucket is not None else 1
        refused: Skip | None = Skip("busy", "")
        try:
            refused = await others.admit(slot, amount, probing=probing)
        finally:
            if refused is not None:
                if bucket is not None:
                    bucket.refund(now, amount)
                self.released(slot)
                self.give_back(slot)
            elif bucket is not None:
                bucket.delayed(now, asyncio.get_running_loop().time(), amount)
        return refused or slot

    def give_back(self, slot: Slot) -> None:
        """The request has ended, whatever the end."""
        if self.others is not None:
            self.others.ended(slot)
        if slot.bucket is not None:
            slot.bucket.release()
        name = slot.candidate.id
        left = self.in_flight[name] - 1
        if left:
            self.in_flight[name] = left
        else:
            del self.in_flight[name]
        self.wake()

    def wake(self) -> None:
        """Those who wait look again, in the order they came."""
        while self.queue:
            waiting = self.queue.popleft()
            if not waiting.done():
                waiting.set_result(None)

    def began(self, slot: Slot, seconds: float) -> None:
        """First content came, `seconds` after the request was sent."""
        candidate = slot.candidate
        health = self._health(candidate)
        if health is not None:
            health.succeeded(slot.probe)
        slot.probe = None
        self.blocks.answered(candidate.provider.name, slot.key.id, candidate.model)
        old = self.first_token.get(candidate.id, seconds)
        self.first_token[candidate.id] = old + SMOOTHING * (seconds - old)
        if self.others is not None:
            self.others.began(slot)

    def failed(self, slot: Slot, failure: Failure, now: float) -> None:
        """What a failure does to the candidate, by the table in `providers.failures`.

        One that blocks is told for how long, if it named no time itself.
        """
        candidate, outcome = slot.candidate, failure.outcome
        offline = failure.unreachable and not failure.ours
        if offline:
            self.offline.failed(candidate.provider.name, now)
        health = self._health(candidate)
        if health is not None:
            if outcome.health and not (offline and self.offline.down(now)):
                health.failed(now, slot.probe)
            else:
                health.released(slot.probe)
        slot.probe = None
        names = (candidate.provider.name, slot.key.id, candidate.model)
        if outcome.block is not None:
            failure.retry_after = self.blocks.block(now, *names, failure.retry_after, failure.kept)
        if outcome.verdict is not None:
            why = f"{failure.kept} ({failure.hint})" if failure.hint else failure.kept
            for subject in _condemned(slot, outcome.verdict_scope):
                self.blocks.condemn(now, subject, outcome.verdict, failure.kind, why)
        if self.others is not None:
            self.others.failed(slot)

    def released(self, slot: Slot) -> None:
        """The request ended without a word on the candidate: the client left, or somebody else was faster."""
        health = self._health(slot.candidate)
        if health is not None:
            health.released(slot.probe)
        slot.probe = None

    def load(self, candidate: Candidate) -> tuple[float, float]:
        """Share of the width in use, rounded to 0.1, then smoothed first-token time (unknown: 0)."""
        width = candidate.limit.rule.at_once if candidate.limit is not None else None
        share = round(self.in_flight.get(candidate.id, 0) / (width or WIDTH), 1)
        return share, self.first_token.get(candidate.id, 0.0)

    def turn(self, members: tuple[str, ...], count: int) -> int:
        turn = self.rotations.get(members, 0)
        self.rotations[members] = turn + 1
        return turn % count

    def bucket(self, candidate: Candidate, scope: Counted, key: Key) -> Bucket | None:
        limit = candidate.limit
        if limit is None:
            return None
        name = limit.bucket
        if limit.scope == "key":
            name = (*name, key.id)
        elif limit.scope:
            name = (*name, scope.session if limit.scope == "session" else scope.client)
        bucket = self.buckets.get(name)
        if bucket is None:
            bucket = self.buckets[name] = Bucket(limit.rule, name=name)
        bucket.follow(limit.rule)
        return bucket

    def awake(self, slept: float) -> None:
        """A request has come; the machine has slept so many seconds in all. What was to pass meanwhile has passed."""
        if self.slept is None or slept - self.slept < NAP:
            self.slept = slept if self.slept is None else self.slept
            return
        seconds, self.slept = slept - self.slept, slept
        for one in (*self.healths.values(), *self.buckets.values(), self.blocks):
            one.slept(seconds)
        self.wake()

    def sweep(self, now: float) -> None:
        """Forgets those that are as good as new: clients may name any number of sessions and models."""
        self.buckets = {name: bucket for name, bucket in self.buckets.items() if not bucket.idle(now)}
        self.healths = {name: health for name, health in self.healths.items() if not health.idle(now)}
        for names in (self.first_token, self.rotations):
            if len(names) > MOST_NAMES:
                names.clear()
        self.blocks.sweep(now)
        self.fields.sweep(now)

    def recovery(self, candidate: Candidate) -> float:
        """When a resting candidate's rest is over."""
        health = self.healths.get(candidate.id)
        return health.until or 0.0 if health is not None else 0.0

    def _keys(self, candidate: Candidate, now: float, despite: frozenset[str]) -> Skip | list[Key]:
        """The keys that are not put aside, whose turn it is first; else those that are so for reasons that do not
        count; else why the one is that will be free first."""
        provider = candidate.provider
        first = self.rotations.get(("keys", provider.name), 0)
        clean, tolerated, soonest = list[Key](), list[Key](), None
        for key in (*provider.keys[first:], *provider.keys[:first]):
            aside = self.blocks.aside(now, provider.name, key.id, candidate.model)
            if aside is None:
                clean.append(key)
                continue
            if aside.verdict is not None:
                skip = Skip("verdict", aside.why, kind=aside.verdict)
            else:
                skip = Skip("block", aside.why, aside.until)
            soonest = _sooner(soonest, skip)
            if skip.why in despite:
                tolerated.append(key)
        return clean or tolerated or soonest or []

    def _limited(
        self, candidate: Candidate, key: Key, now: float, scope: Counted, waiter: Standing | None
    ) -> Skip | None:
        bucket = self.bucket(candidate, scope, key)
        if bucket is None:
            return None
        rule = bucket.rule
        if bucket.barred > now:
            text = f"{candidate.id} has reached its limit in other processes"
            return Skip("limit", text, bucket.barred, bucket=bucket, key=key)
        mine = waiter.booking(bucket) if waiter is not None else None
        if (delay := bucket.delay(now, amount_of(rule, scope), mine=mine)) > 0:
            text = f"{candidate.id} has reached its limit"
            return Skip("limit", text, now + delay, bucket=bucket, key=key)
        if bucket.full(waiter):
            text = f"{candidate.id} has {rule.at_once} requests in flight"
            return Skip("busy", text, now, bucket=bucket, key=key)
        return None

    def _resting(self, candidate: Candidate, now: float) -> Skip | None:
        health = self._health(candidate)
        if health is None or not health.rests_at(now):
            return None
        return Skip("resting", f"{candidate.id} rests after failures", health.until)

    def _health(self, candidate: Candidate) -> Health | None:
        rule = candidate.health
        if rule is None:
            return None
        health = self.healths.get(candidate.id)
        if health is None:
            health = self.healths[candidate.id] = Health(rule)
        health.rule = rule
        return health


def _condemned(slot: Slot, scope: Scope) -> list[Subject]:
    """Whom a verdict is about. Models without a key are not each other's fault."""
    provider, key = slot.candidate.provider, slot.key.id
    if scope == "provider":
        return [(provider.name, one.id) for one in provider.keys]
    return [(provider.name, key) if scope == "key" and key else (provider.name, key, slot.candidate.model)]


def _sooner(one: Skip | None, other: Skip) -> Skip:
    """The one that will be free first."""
    if one is None or (other.until or float("inf")) < (one.until or float("inf")):
        return other
    return one


def amount_of(rule: LimitRule, scope: Counted) -> int:
    """How much of a limit a request takes."""
    return scope.tokens if rule.tokens else 1
