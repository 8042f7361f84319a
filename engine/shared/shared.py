"""The other processes, as `engine.state` knows them. One question a request, and only where a limit or a probe asks
for it; everything else goes along with a sign of life once a second.

    joined ──an error, a new server, an empty one──▶ away: this process's own share of each limit, no question
    away ──the background try succeeds: own places told, joined again──▶ wary: the share and the server, both
    wary ──WARY seconds──▶ joined

Wary, because other processes may not have told a new server yet what they have admitted.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from engine.health import PROBE_LEASE
from engine.limits import Bucket, LimitRule
from engine.shared.hints import STAYS, Hints, mark, rest_of
from engine.shared.link import ANSWER_WITHIN, Link, Script, Unreachable
from engine.shared.places import Places, micro
from engine.shared.share import REMEMBERED, Census, Elsewhere, own_wait, own_width
from engine.state import Skip, Slot, State
from providers.provider import Provider

PREFIX = "fcc:"
PROCESSES, HINTS, NOTHING = PREFIX + "processes", PREFIX + "hints", PREFIX + "nothing"
ADMIT, BEAT, SEED = Script.of("admit"), Script.of("beat"), Script.of("seed")

BEAT_EVERY = 1.0
RETRIES = (0.05, 0.25, 5.0)
"""Seconds before the first, second and every further try to reach a server that is away."""
WARY = 6.0
"""Seconds: the longest time between two tries, and one beat."""
LEASE = 20.0
"""Seconds for which a place in a width is held for a process that says nothing any more."""
ASK_AGAIN = 0.25
"""Seconds before a width that others fill is asked for again."""
LANES = 16
"""Questions under way at a time: more would not be answered sooner, and when nobody answers they need not be put."""
GATHER = 0.01
"""Seconds in which what is to be told is gathered."""
MOST_GIVEN_UP = 4096
LARGEST = 1_000_000_000

ADMITTED, LIMIT, BUSY, PROBED, STRANGER = range(5)
FREE = LimitRule()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Answer of `admit.lua`."""

    said: int
    wait: float
    used: int
    processes: int

    @staticmethod
    def of(answer: list[Any], longest: float) -> Verdict:
        """Raises Unreachable for what is no answer."""
        if len(answer) != 4 or not all(isinstance(one, int) for one in answer) or answer[0] not in range(5):
            raise Unreachable("an answer that is none")
        said, wait, used, processes = answer
        return Verdict(said, min(max(wait / 1e6, 0.0), longest), min(max(used, 0), LARGEST), processes)


class Shared:
    """`engine.state.Others` over Redis or Valkey. `heard` is told when the server goes away and comes back, and why."""

    def __init__(
        self, link: Link, state: State, heard: Callable[[bool, str], None], workers: int = 1
    ) -> None:
        self.away = True
        self._reachable = True
        """As it was said last."""
        self.census = Census(workers)
        self.hints = Hints(state)
        self.places = Places()
        self._link = link
        self._heard = heard
        self._name = os.urandom(6).hex()
        self._number = 0
        self._server = ""
        self._wary_until = float("-inf")
        self._elsewhere: dict[str, Elsewhere] = {}
        self._probes: dict[str, str] = {}
        self._told: dict[str, float] = {}
        self._withdrawn: set[str] = set()
        self._given_up: set[tuple[str, str]] = set()
        """Places, each with the server's key of what it is a place in: one request may have a width and a probe."""
        self._lanes = asyncio.Semaphore(LANES)
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._living: asyncio.Task[None] | None = None
        self._leaving = False

    async def start(self) -> None:
        """Joins the others if they can be reached now, and stays in touch from here on. Never raises."""
        failed = await self._try()
        self._living = self._loop.create_task(self._live(int(failed)))

    async def aclose(self) -> None:
        """Leaves the others."""
        self._leaving = True
        if self._living is not None:
            self._living.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._living
        if not self.away:
            with contextlib.suppress(Unreachable):
                await self._beat("leave")
        await self._link.aclose()

    def know(self, providers: Mapping[str, Provider]) -> None:
        """The providers of the policy in force."""
        self.hints.marks = {name: mark(provider) for name, provider in providers.items()}

    async def admit(self, slot: Slot, amount: int, *, probing: bool) -> Skip | None:
        """As in `engine.state.Others`."""
        bucket = slot.bucket
        rule = bucket.rule if bucket is not None else FREE
        if rule.count is None and rule.at_once is None and not probing:
            return None
        now = self._loop.time()
        amount = min(max(amount, 0), LARGEST)
        self._number += 1
        slot.place = f"{self._name}:{self._number}:{amount}"
        refused = self._alone(slot, amount, now) if self.away or now < self._wary_until else None
        if refused is None and not self.away:
            async with self._lanes:
                refused = await self._ask(slot, amount, rule, probing)
        if refused is not None:
            slot.place = ""
            if bucket is not None and refused.until is not None and refused.why != "resting":
                bucket.barred = refused.until
        elif bucket is not None:
            self._note(slot.place, bucket, self._loop.time())
        return refused

    def ended(self, slot: Slot) -> None:
        """As in `engine.state.Others`."""
        if slot.place and (key := self.places.leases.pop(slot.place, None)) is not None:
            self._give_up(slot.place, key)
        self._end_probe(slot)

    def began(self, slot: Slot) -> None:
        """As in `engine.state.Others`."""
        self.hints.began(slot.candidate.id, self._loop.time())
        if self._end_probe(slot):
            self.hints.adopted.discard(slot.candidate.id)
            self._told.pop(rest_of(slot.candidate.id), None)
            self._withdrawn.add(rest_of(slot.candidate.id))

    def failed(self, slot: Slot) -> None:
        """As in `engine.state.Others`."""
        self._end_probe(slot)
        told = self.hints.after_failure(slot, self._loop.time())
        if told:
            self._withdrawn -= told.keys()
            self._told |= told
            self._wake.set()

    def pardoned(self, candidates: Iterable[str]) -> None:
        """As in `engine.state.Others`."""
        for hint in self.hints.pardoned(candidates, self._told):
            self._told.pop(hint, None)
            self._withdrawn.add(hint)
        self._wake.set()

    def _alone(self, slot: Slot, amount: int, now: float) -> Skip | None:
        """Whether the place is within this process's own share."""
        bucket = slot.bucket
        if bucket is None:
            return None
        processes, name = self.census.processes, slot.candidate.id
        wait = own_wait(bucket, amount, now, processes, self._elsewhere.get(rate_key(bucket.name)))
        if wait > 0:
            return Skip("limit", f"{name} has reached this process's share of its limit", now + wait)
        if not own_width(bucket, processes):
            return Skip("busy", f"{name} has reached this process's share of its width", now + ASK_AGAIN)
        return None

    async def _ask(self, slot: Slot, amount: int, rule: LimitRule, probing: bool) -> Skip | None:
        """What the others say; without an answer, what this process may do alone."""
        if self.away:
            return self._alone(slot, amount, self._loop.time())
        name = slot.bucket.name if slot.bucket is not None else ()
        probe = PREFIX + "probe:" + digest((slot.candidate.id,)) if probing else NOTHING
        keys = (PROCESSES, rate_key(name), width_key(name), probe)
        # A place is used up to one answer's time after the server gave it, and so counts that much longer.
        window = rule.window + min(ANSWER_WITHIN, rule.window / 20)
        numbers = (amount, min(rule.count or 0, LARGEST), micro(window), int(rule.tokens))
        widths = (min(rule.at_once or 0, LARGEST), micro(LEASE), int(PROBE_LEASE * 1000) if probing else 0)
        if probing:
            self._probes[slot.place] = probe
        try:
            answer = await self._link.call(
                ADMIT, keys, (self._name, self._server, slot.place, *numbers, *widths)
            )
            verdict = Verdict.of(answer, max(window, PROBE_LEASE))
            if verdict.said == STRANGER:
                raise Unreachable("a new or empty server")
        except Unreachable as reason:
            self._lost(str(reason))
            refused = self._alone(slot, amount, self._loop.time())
            if refused is not None:
                self._abandon(slot, rule)
            return refused
        except asyncio.CancelledError:
            self._abandon(slot, rule)
            raise
        return self._answer(slot, amount, verdict, window)

    def _answer(self, slot: Slot, amount: int, verdict: Verdict, window: float) -> Skip | None:
        now, name = self._loop.time(), slot.candidate.id
        self.census.heard(now, verdict.processes)
        if slot.bucket is not None:
            own = slot.bucket.used - (0 if verdict.said == ADMITTED else amount)
            self._learned(
                rate_key(slot.bucket.name), Elsewhere(max(verdict.used - own, 0), now + window), now
            )
        if verdict.said == ADMITTED:
            return None
        self._probes.pop(slot.place, None)
        if verdict.said == LIMIT:
            return Skip("limit", f"{name} has reached its limit in other processes", now + verdict.wait)
        if verdict.said == BUSY:
            return Skip("busy", f"{name} is busy in other processes", now + ASK_AGAIN)
        self._probed_elsewhere(slot, now)
        return Skip("resting", f"{name} is probed by another process", now + verdict.wait)

    def _learned(self, key: str, new: Elsewhere, now: float) -> None:
        """What the others have used; a server that may not know it all yet takes nothing back."""
        old = self._elsewhere.get(key)
        if old is None or now >= self._wary_until or now >= old.until or new.used >= old.used:
            self._elsewhere[key] = new

    def _probed_elsewhere(self, slot: Slot, now: float) -> None:
        """The candidate is left alone here as well, for a while."""
        health = self.hints.state.healths.get(slot.candidate.id)
        if health is not None:
            health.leased_until = now + ASK_AGAIN
        slot.probe = None

    def _abandon(self, slot: Slot, rule: LimitRule) -> None:
        """The server may have given what nobody uses now."""
        if rule.at_once is not None and slot.bucket is not None:
            self._give_up(slot.place, width_key(slot.bucket.name))
        self._end_probe(slot)

    def _note(self, place: str, bucket: Bucket, now: float) -> None:
        rule = bucket.rule
        if rule.count is not None:
            self.places.add(rate_key(bucket.name), rule.window, place, now)
        if rule.at_once is not None:
            self.places.leases[place] = width_key(bucket.name)

    def _give_up(self, place: str, key: str) -> None:
        if len(self._given_up) < MOST_GIVEN_UP:
            self._given_up.add((place, key))
        self._wake.set()

    def _end_probe(self, slot: Slot) -> bool:
        """Whether it was one that the others knew of."""
        key = self._probes.pop(slot.place, None)
        if key is None:
            return False
        self._give_up(slot.place, key)
        return True

    def _lost(self, why: str) -> None:
        self.away = True
        if self._reachable:
            self._reachable = False
            self._heard(False, why)
        self._wake.set()

    async def _live(self, failures: int) -> None:
        while not self._leaving:  # the client may turn a cancellation into an error of its own
            await self._pause(RETRIES[min(failures, len(RETRIES)) - 1] if failures else BEAT_EVERY)
            failures = failures + 1 if await self._try() else 0

    async def _pause(self, seconds: float) -> None:
        """Until there is something to tell; while the server is away nothing is worth hurrying for."""
        end = self._loop.time() + seconds
        if self.away:
            await asyncio.sleep(seconds)
        else:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await self._wake.wait()
                    await asyncio.sleep(GATHER)
        self._wake.clear()

    async def _try(self) -> bool:
        """One beat, and whatever it takes to be joined. Whether it failed. Never raises."""
        try:
            server, known, hints = await self._beat("")
            if self.away or not known:
                self._server = server
                for key, window, pairs in self.places.told(self._loop.time()):
                    await self._link.call(SEED, [key], [window, *pairs])
                await self._beat("join")
                self._rejoined()
            now = self._loop.time()
            self.hints.hear(hints, now)
            self._elsewhere = {key: one for key, one in self._elsewhere.items() if one.until > now}
        except Unreachable as reason:
            self._lost(str(reason))
            return True
        return False

    def _rejoined(self) -> None:
        now = self._loop.time()
        if self._wary_until > float("-inf") or self.places.added:
            self._wary_until = now + WARY
        else:
            self._wary_until = now
        for bucket in self.hints.state.buckets.values():
            bucket.barred = float("-inf")
        self.away = False
        if not self._reachable:
            self._reachable = True
            self._heard(True, "")

    async def _beat(self, mood: str) -> tuple[str, bool, list[tuple[bytes, float]]]:
        """Raises Unreachable."""
        now = self._loop.time()
        self._told = {hint: until for hint, until in self._told.items() if until > now}
        told, withdrawn, given_up = dict(self._told), sorted(self._withdrawn), sorted(self._given_up)
        leases = dict(self.places.leases)
        keys = [PROCESSES, HINTS, *(key for _, key in given_up), *leases.values()]
        counts = (len(told), len(withdrawn), len(given_up), len(leases))
        numbers = (micro(REMEMBERED), micro(LEASE), micro(STAYS), *counts)
        pairs = (item for hint, until in told.items() for item in (hint, micro(until - now)))
        places = (place for place, _ in given_up)
        arguments = [self._name, self._server, mood, *numbers, *pairs, *withdrawn, *places, *leases]
        answer = await self._link.call(BEAT, keys, arguments)
        self._told = {hint: until for hint, until in self._told.items() if told.get(hint) != until}
        self._given_up.difference_update(given_up)
        self._withdrawn -= set(withdrawn)
        return self._beaten(answer)

    def _beaten(self, answer: list[Any]) -> tuple[str, bool, list[tuple[bytes, float]]]:
        try:
            server, known, processes, *hints = answer
            found = [
                (bytes(hint), int(left) / 1e6) for hint, left in zip(hints[::2], hints[1::2], strict=True)
            ]
            heard = server.decode("ascii"), known == 1, found
            count = int(processes)
        except (ValueError, TypeError, AttributeError):
            raise Unreachable("an answer that is none") from None
        if known == 1:
            self.census.heard(self._loop.time(), count)
        return heard


@functools.lru_cache(maxsize=4096)
def digest(name: tuple[str, ...]) -> str:
    """A name of fixed length; buckets of sessions and clients give neither away."""
    return hashlib.blake2b(msgspec.json.encode(name), digest_size=12).hexdigest()


def rate_key(name: tuple[str, ...]) -> str:
    return PREFIX + "rate:" + digest(name)


def width_key(name: tuple[str, ...]) -> str:
    return PREFIX + "width:" + digest(name)
