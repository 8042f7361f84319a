"""Waiting for a candidate to be free, first come, first served.

A place in a rate window is booked ahead, so that those who come later find it taken; where other processes have a
say it cannot be, and whoever asks first when a place is free has it. For a width, those who wait
stand in one queue, and each end of a request lets them look again in their order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from engine.candidates import Candidate
from engine.limits import Bucket
from engine.state import Counted, Skip, Slot, State
from providers.provider import Key


class Waiter(Protocol):
    @property
    def candidate(self) -> Candidate: ...
    @property
    def despite(self) -> frozenset[str]: ...


W = TypeVar("W", bound=Waiter)


async def first_free(
    state: State, skipped: Sequence[tuple[W, Skip]], scope: Counted, seconds: float
) -> tuple[W, Slot] | None:
    """The first of the skipped that may be asked, and its slot; None if none can be within `seconds`."""
    loop = asyncio.get_running_loop()
    by = loop.time() + seconds
    waiting = [
        one for one in skipped if one[1].until is not None and one[1].why != "resting" and one[1].until <= by
    ]
    if not waiting or seconds <= 0:
        return None
    booking = _book(state, waiting, scope, loop.time()) if state.others is None else None
    try:
        while True:
            if booking is not None and (slot := booking.use(loop.time())) is not None:
                turn = booking.turn
                booking = None
                return turn, slot
            wakes: list[float] = []
            for turn, _ in waiting:
                found: Skip | Key | Slot = state.look(turn.candidate, loop.time(), scope, turn.despite)
                if isinstance(found, Key):
                    found = await state.claim(turn.candidate, found, scope, turn.despite)
                if isinstance(found, Slot):
                    return turn, found
                if found.until is not None and found.until > loop.time():
                    wakes.append(found.until)
            if loop.time() >= by:
                return None
            if booking is not None:
                wakes = [booking.at] if booking.at > loop.time() else []
            await _moved(state, loop, min([by, *wakes]))
    finally:
        if booking is not None:
            booking.give_back()


class _Booking:
    """A booked place in a rate window."""

    def __init__(self, turn: Any, state: State, bucket: Bucket, key: Key, scope: Counted, now: float) -> None:
        self.turn = turn
        self._state = state
        self._bucket = bucket
        self._key = key
        self._scope = scope
        self._amount = scope.tokens if bucket.rule.tokens else 1
        self.at = bucket.reserve(now, self._amount)

    def use(self, now: float) -> Slot | None:
        if now < self.at or self._bucket.full:
            return None
        return self._state.take(self.turn.candidate, self._key, now, self._scope, booked=True)

    def give_back(self) -> None:
        self._bucket.give_back(self.at, self._amount)


def _book(state: State, waiting: Sequence[tuple[W, Skip]], scope: Counted, now: float) -> _Booking | None:
    """A place for whoever is limited the shortest, unless a block ends before."""
    turn, skip = min(waiting, key=lambda one: one[1].until or 0.0)
    if skip.why != "limit":
        return None
    provider = turn.candidate.provider
    bucket = state.bucket(turn.candidate, scope, provider.keys[0])
    return _Booking(turn, state, bucket, provider.keys[0], scope, now) if bucket is not None else None


async def _moved(state: State, loop: asyncio.AbstractEventLoop, when: float) -> None:
    """Returns when somebody's request has ended, or at `when`."""
    waiting = loop.create_future()
    state.queue.append(waiting)
    timer = loop.call_at(when, _wake, waiting)
    try:
        await waiting
    finally:
        timer.cancel()
        if waiting in state.queue:
            state.queue.remove(waiting)


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
