"""The walk along a chain: who is asked next, until one answers or nobody is left.

    turns ─▶ fallback for what has happened? ─▶ fit? ─▶ verdict, block, rest, limit, width? ─▶ ask
      ▲                                                                                        │ failure
      └── again (a field to leave out, `retry N`) ◀──────── the table of failures ◀────────────┘

When nobody may be asked: those that rest are tried in order of their recovery if nobody was asked yet, those that
will be free soon are waited for, and only then is the chain given up.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from engine.attempt import Attempt, Clocks, Tried
from engine.candidates import Candidate, Race, Turn, singles
from engine.facts import Facts
from engine.needs import unfit
from engine.outcome import ChainFailed, chain_failed, said_twice
from engine.race import race
from engine.state import Skip, Slot, State
from engine.waiting import PASSING, first_free
from providers.failures import OUTCOMES, Failure
from providers.provider import Ask, Key
from rules.settings import Defaults
from translators.events import Event, Finish
from translators.request import Request

SOON = 2.0
"""Seconds: a longer Retry-After is not worth waiting for on the same candidate."""
JITTER = (0.25, 0.5)
"""Seconds before the same candidate is asked again."""

MEANS: dict[str, frozenset[str]] = {
    "resting": frozenset(kind for kind, outcome in OUTCOMES.items() if outcome.health),
    "block": frozenset({"rate_limit", "overloaded"}),
    "limit": frozenset({"rate_limit", "overloaded"}),
    "busy": frozenset({"rate_limit", "overloaded"}),
    "window": frozenset({"overflow"}),
    "incapable": frozenset({"bad_request"}),
}
"""For which `on (…)` a skipped candidate counts as failed."""

FLEETING = PASSING | {"resting"}
"""Reasons that may be gone by the time everybody else has failed."""
OWN = frozenset({"resting"})
"""What a failure may have just done to the candidate that is asked once more."""
STRIPPED = 3
"""Most fields that are left out because a provider will not take them."""
NONE: frozenset[str] = frozenset()


class Try(msgspec.Struct, frozen=True):
    """A candidate and how it is to be asked."""

    candidate: Candidate
    retries: int | None = None
    """Tries left after this one; None: as step and defaults say."""
    without: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    """Those of them that it said it does not know."""
    despite: frozenset[str] = frozenset()
    """Reasons to skip it that do not count."""
    pause: float = 0.0


Pending = Try | Race
Answer = tuple[Attempt, list[Event]]


class Chain:
    """One request's way along its candidates. `tried` is its record, in order."""

    def __init__(
        self,
        request: Request,
        facts: Facts,
        turns: list[Turn],
        state: State,
        defaults: Defaults,
        random_between: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.tried: list[Tried] = []
        self.failures: dict[str, Failure] = {}
        """The last one of each candidate, in the order of their first."""
        self.request = request
        self._facts = facts
        self._state = state
        self._defaults = defaults
        self._random = random_between
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        alone = len(list(singles(turns))) == 1
        # A chain of one is never skipped for its past: there is nobody else to ask, and the key may be mended.
        despite = frozenset({"resting", "verdict"}) if alone else NONE
        self._pending: deque[Pending] = deque(
            one if isinstance(one, Race) else Try(one, despite=despite) for one in turns
        )
        self._skips: list[tuple[Try, Skip]] = []
        self._happened: set[str] = set()
        """Kinds of failure so far, those that skipping stands for included."""
        self._most = defaults.attempts + sum(one.options.retry or 0 for one in singles(turns))
        self._waited = 0.0
        self._may_wait = True
        self.fitting: Callable[[Candidate], bool] | None = None
        """Who else may be asked at all; the others keep their turn."""

    async def answer(self, *, wait: bool = True) -> Answer:
        """The first candidate that answers, with its first events. Raises ChainFailed.

        `wait`: those that will be free soon are waited for.
        """
        self._may_wait = wait
        while len(self.tried) < self._most:
            turn, slot = await self._next()
            if isinstance(turn, Race):
                answer = await race(turn.runners, turn.after, self._enter)
            else:
                assert slot is not None
                answer = await self._ask(turn, slot)
            if isinstance(answer, Try):
                self._pending.appendleft(answer)
            elif answer is not None:
                return answer
        raise self._given_up()

    @property
    def skipped(self) -> list[tuple[str, Skip]]:
        """Who was not asked, and why."""
        return [(turn.candidate.id, skip) for turn, skip in self._skips]

    def broke(self, attempt: Attempt, failure: Failure) -> None:
        """An answer that had begun was cut: it counts among the failures if the walk goes on."""
        self._note(attempt.slot.candidate, failure)

    async def _next(self) -> tuple[Pending, Slot | None]:
        """Whoever may be asked now, waited for if need be, and its slot. Raises ChainFailed."""
        while True:
            while (turn := self._pop()) is not None:
                if isinstance(turn, Race):
                    return turn, None
                if turn.pause:
                    await asyncio.sleep(turn.pause)
                slot = await self._admit(turn) or await self._queued(turn)
                if slot is not None:
                    return turn, slot
            if self._relent("resting") or self._relent("incapable"):
                continue
            held = await self._wait()
            if held is None:
                raise self._given_up()
            return held

    def _pop(self) -> Pending | None:
        """The next turn in order, or the next that fits; the others keep theirs."""
        for index, turn in enumerate(self._pending):
            if self.fitting is None or (isinstance(turn, Try) and self.fitting(turn.candidate)):
                del self._pending[index]
                return turn
        return None

    async def _admit(self, turn: Try) -> Slot | None:
        """The slot of a candidate that may be asked now; else it is noted why not."""
        if not self._is_fallback(turn.candidate) or self._ends(turn.candidate) <= self._loop.time():
            return None
        found: Skip | Key | Slot = self._look(turn)
        if isinstance(found, Key):
            found = await self._state.claim(turn.candidate, found, self._facts, turn.despite)
        if isinstance(found, Slot):
            return found
        self._skips.append((turn, found))
        self._happened |= MEANS.get(found.why) or {found.kind}
        return None

    def _look(self, turn: Try) -> Skip | Key:
        skip = unfit(turn.candidate, self._facts, self._facts.tokens)
        if skip is not None and skip.why not in turn.despite:
            return skip
        return self._state.look(turn.candidate, self._loop.time(), self._facts, turn.despite)

    def _ends(self, candidate: Candidate) -> float:
        """When its answer would have to be whole."""
        finish = candidate.options.finish
        return self._began + (self._defaults.finish if finish is None else finish)

    def _is_fallback(self, candidate: Candidate) -> bool:
        only = candidate.options.on
        return only is None or not self._happened.isdisjoint(only)

    async def _ask(self, turn: Try, slot: Slot) -> Answer | Try | None:
        """Asks one candidate. When it failed: how to ask it once more, or None. Raises ChainFailed."""
        attempt = self._attempt(turn, slot)
        try:
            events = await attempt.begin()
            if turn.unknown:
                self._state.fields.learn(turn.candidate.id, turn.unknown, self._loop.time())
            if not self.request.stream:
                while not isinstance(events[-1], Finish):
                    events += await attempt.more()
            return attempt, events
        except Failure as failure:
            stripped = self._without(turn, failure)
            await attempt.close(failure, counts=stripped is None)
            return stripped or self._after(turn, failure)
        except BaseException:
            await attempt.close()
            raise

    async def _enter(self, candidate: Candidate) -> Answer | None:
        """A runner of a race: asked if it may be, once more only without a field."""
        turn: Try | None = Try(candidate, retries=0)
        while turn is not None and len(self.tried) < self._most:
            slot = await self._admit(turn)
            answer = await self._ask(turn, slot) if slot is not None else None
            if isinstance(answer, tuple):
                return answer
            turn = answer
        return None

    def _attempt(self, turn: Try, slot: Slot) -> Attempt:
        candidate, defaults = turn.candidate, self._defaults
        options = candidate.options
        thinking = options.thinking
        if thinking is None and defaults.thinking is False:
            thinking = False
        ask = Ask(
            model=candidate.model,
            key=slot.key,
            thinking=thinking,
            effort=options.effort,
            budget=options.budget,
            without=turn.without | self._state.fields.of(candidate.id, self._loop.time()),
            connect=defaults.connect,
            write=defaults.write,
        )
        last = not self._others("timeout", len(self.tried) + 1)
        clocks = Clocks.of(options, defaults, last=last, began=self._began)
        attempt = Attempt(self.request, slot, ask, clocks, self._state)
        self.tried.append(attempt.tried)
        return attempt

    def _others(self, kind: str, tries: int) -> bool:
        """Somebody else could be asked after a failure of that kind and so many tries."""
        if tries >= self._most:
            return False
        for turn in self._pending:
            for one in map(Try, turn.runners) if isinstance(turn, Race) else (turn,):
                only = one.candidate.options.on
                if (only is None or kind in only) and not isinstance(self._look(one), Skip):
                    return True
        return False

    def _after(self, turn: Try, failure: Failure) -> Try | None:
        """What a failure means for the walk: the same candidate again, or None. Raises ChainFailed if it ends here."""
        self._note(turn.candidate, failure)
        again = self._again(turn, failure)
        if again is None and said_twice(self.failures.items()) is not None:
            raise self._given_up()
        if failure.outcome.next == "wider":
            self._only_wider(turn.candidate)
        return again

    def _note(self, candidate: Candidate, failure: Failure) -> None:
        self.failures[candidate.id] = failure
        self._happened.add(failure.kind)

    def _without(self, turn: Try, failure: Failure) -> Try | None:
        """The same candidate without a field that it will not take; no failure of anybody."""
        field = failure.field
        if (
            field is None
            or field in turn.without
            or len(turn.without) >= STRIPPED
            or len(self.tried) >= self._most
        ):
            return None
        unknown = turn.unknown | {field} if failure.unknown else turn.unknown
        return replace(turn, without=turn.without | {field}, unknown=unknown)

    def _again(self, turn: Try, failure: Failure) -> Try | None:
        """The same candidate once more, if that is worth it."""
        if not failure.outcome.retries or len(self.tried) >= self._most:
            return None
        asked = turn.candidate.options.retry
        left = turn.retries
        if left is None:
            left = asked if asked is not None else self._defaults.retry
        if left <= 0 or (asked is None and self._others(failure.kind, len(self.tried))):
            return None
        pause = self._random(*JITTER)
        if failure.outcome.block is not None:
            if failure.retry_after is None or failure.retry_after > SOON:
                return None
            pause = failure.retry_after
        return replace(turn, retries=left - 1, pause=pause, despite=turn.despite | OWN)

    def _only_wider(self, candidate: Candidate) -> None:
        """After an overflow only those with a larger window, or an unknown one, or meant for it, are worth asking."""
        window = candidate.profile.context
        if window is None:
            return

        def wider(one: Candidate) -> bool:
            meant = one.options.on is not None and "overflow" in one.options.on
            return meant or one.profile.context is None or one.profile.context > window

        kept: list[Pending] = []
        for turn in self._pending:
            if isinstance(turn, Race):
                kept.append(Race(tuple(one for one in turn.runners if wider(one)), turn.after))
            elif wider(turn.candidate):
                kept.append(turn)
        self._pending = deque(kept)
        self._skips = [(turn, skip) for turn, skip in self._skips if wider(turn.candidate)]

    def _relent(self, why: str) -> bool:
        """Nobody was asked, so those skipped for `why` are asked all the same, the earliest to recover first.

        Without eyes for an image a model is told of it in words; a kind says that it could not serve at all.
        """
        spared = [turn for turn, skip in self._skips if skip.why == why and not skip.kind]
        if self.tried or not spared:
            return False
        spared.sort(key=lambda turn: self._state.recovery(turn.candidate))
        self._forget(spared)
        self._pending.extend(replace(turn, despite=turn.despite | {why}) for turn in spared)
        return True

    async def _wait(self) -> tuple[Try, Slot] | None:
        """Waits for the first of those that will be free soon enough; the others stay skipped."""
        left = self._defaults.wait - self._waited if self._may_wait else 0.0
        began = self._loop.time()
        skipped = [
            turn
            for turn, skip in self._skips
            if skip.why in FLEETING
            and self._ends(turn.candidate) > began
            and (self.fitting is None or self.fitting(turn.candidate))
        ]
        left = min(left, max((self._ends(turn.candidate) - began for turn in skipped), default=0.0))
        held = await first_free(self._state, skipped, self._facts, left)
        self._waited += self._loop.time() - began
        if held is not None:
            self._forget([held[0]])
        return held

    async def _queued(self, turn: Try) -> Slot | None:
        """`wait up to`: queues for this candidate before it is left behind."""
        limit = turn.candidate.limit
        if limit is None or not limit.rule.wait or not self._may_wait:
            return None
        if not self._skips or self._skips[-1][0] is not turn:
            return None
        left = self._ends(turn.candidate) - self._loop.time()
        held = await first_free(self._state, [turn], self._facts, min(limit.rule.wait, left))
        if held is None:
            return None
        self._forget([turn])
        return held[1]

    def _forget(self, turns: list[Try]) -> None:
        self._skips = [(turn, skip) for turn, skip in self._skips if turn not in turns]

    def _given_up(self) -> ChainFailed:
        return chain_failed(list(self.failures.items()), self.skipped, self._loop.time())
