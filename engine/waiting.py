"""Waiting for a candidate to be free, first come, first served.

A place in a rate window is booked ahead, so that those who come later find it taken, and is an earlier one when
somebody before it leaves; where other processes have a say it cannot be, and whoever asks first when a place is free
has it. For a place in flight there is a line at each bucket; each end of a request lets those who wait look again in
the order they came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from engine.candidates import Candidate
from engine.limits import Booking, Bucket
from engine.state import Counted, Skip, Slot, State, amount_of
from providers.provider import Key


class Waiter(Protocol):
    @property
    def candidate(self) -> Candidate: ...
    @property
    def despite(self) -> frozenset[str]: ...


W = TypeVar("W", bound=Waiter)

PASSING = frozenset({"block", "limit", "busy"})
"""Reasons that are waited for."""


async def first_free(
    state: State, turns: Sequence[W], scope: Counted, seconds: float
) -> tuple[W, Slot] | None:
    """The first of those who were skipped that may be asked, and its slot; None if none can be within `seconds`.

    All are looked at again, since time has passed; a rest is not waited for.
    """
    loop = asyncio.get_running_loop()
    wait = _Wait(state, scope, turns, loop.time() + seconds)
    try:
        while True:
            held = await wait.look(loop)
            if held is not None or not wait.wakes:
                return held
            await _moved(state, loop, min(wait.wakes))
    finally:
        wait.leave()


class _Wait(Generic[W]):
    """One request's places: in the lines of what is busy, and one booked in a rate window."""

    def __init__(self, state: State, scope: Counted, turns: Sequence[W], by: float) -> None:
        self.wakes: list[float] = []
        """When it is worth looking again, besides the end of any request; empty: never."""
        self._by = by
        self._state = state
        self._scope = scope
        self._turns = turns
        self._lines: list[Bucket] = []
        self._booked: tuple[Bucket, Booking] | None = None

    async def look(self, loop: asyncio.AbstractEventLoop) -> tuple[W, Slot] | None:
        """Whoever may be asked now, in order; else takes places."""
        state, scope = self._state, self._scope
        skips: list[Skip] = []
        for turn in self._turns:
            found: Skip | Key | Slot = state.look(turn.candidate, loop.time(), scope, turn.despite, self)
            if isinstance(found, Key):
                found = await state.claim(turn.candidate, found, scope, turn.despite)
            if isinstance(found, Slot):
                return turn, found
            skips.append(found)
        now = loop.time()
        soon = [
            skip
            for skip in skips
            if skip.why in PASSING and (skip.until or 0.0) <= self._by and now < self._by
        ]
        self._stand([skip.bucket for skip in soon if skip.why == "busy" and skip.bucket is not None])
        self._move_up(skips)
        if soon and self._booked is None and state.others is None:
            self._book(min(soon, key=lambda skip: skip.until or 0.0), now)
        times = [skip.until for skip in soon if skip.until is not None]
        if self._booked is not None:
            times.append(self._booked[1].at)
        waits = now < self._by and bool(times)
        self.wakes = [*(at for at in times if now < at <= self._by), self._by] if waits else []
        return None

    def booking(self, bucket: Bucket) -> Booking | None:
        return self._booked[1] if self._booked is not None and self._booked[0] is bucket else None

    def leave(self) -> None:
        """Somebody else may have the places."""
        left = bool(self._lines) or self._booked is not None
        self._stand([])
        self._unbook()
        if left:
            self._state.wake()

    def _stand(self, buckets: list[Bucket]) -> None:
        for bucket in self._lines:
            if bucket not in buckets and self in bucket.line:
                bucket.line.remove(self)
        for bucket in buckets:
            if self not in bucket.line:
                bucket.line.append(self)
        self._lines = buckets

    def _book(self, skip: Skip, now: float) -> None:
        """A place where the limit is reached for the shortest time, unless a block or a request ends before."""
        if skip.why == "limit" and skip.bucket is not None:
            self._booked = skip.bucket, skip.bucket.book(now, amount_of(skip.bucket.rule, self._scope))

    def _move_up(self, skips: Sequence[Skip]) -> None:
        """The booked place is the earliest that there is now, after those that were booked before it."""
        for skip in skips:
            if skip.why == "limit" and skip.bucket is not None and skip.until is not None:
                booking = self.booking(skip.bucket)
                if booking is not None:
                    booking.at = skip.until

    def _unbook(self) -> None:
        if self._booked is not None:
            bucket, booking = self._booked
            bucket.unbook(booking)
            self._booked = None


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
