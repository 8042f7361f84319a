"""One try at one candidate: its clocks, its slot, and what its end means for the candidate.

A kept connection that turns out to be stale is no try: the request is sent once more on a fresh one, and nobody knows.

All clocks are wall-clock deadlines on the event loop's time: a byte every second resets none of them. Comments and
pings of an upstream never reach this file, so only what a model says is a sign of life.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import PurePath
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from engine.state import Slot, State
from providers.deadline import Deadline
from providers.failures import Failure
from providers.provider import Ask
from rules.policy_types import StepOptions
from rules.settings import Defaults
from translators.events import CONTENT, Event, Finish, Progress
from translators.request import Request

SIGNS = (*CONTENT, Progress, Finish)
"""What ends the wait for the first content."""

T = TypeVar("T")


class Clocks(msgspec.Struct, frozen=True):
    """Deadlines of one try. `start`, `silence`, `stall`, `finish` in seconds, `over` a time of the loop."""

    start: float
    silence: float
    stall: float
    finish: float
    over: float

    @staticmethod
    def of(options: StepOptions, defaults: Defaults, *, last: bool, began: float) -> Clocks:
        """`last`: nobody else can be asked. `began`: when the request came in."""
        usual = defaults.start_last if last else defaults.start
        start = usual if options.start is None else options.start
        finish = defaults.finish if options.finish is None else options.finish
        return Clocks(
            start,
            max(defaults.stall_before, options.start or 0.0),
            defaults.stall if options.stall is None else options.stall,
            finish,
            began + finish,
        )

    def hurried(self, sent: float) -> bool:
        """One that was asked at `sent` had not half the time it could have hoped for: others had spent it."""
        return self.over - sent < min(self.start, self.finish) / 2


class Tried(msgspec.Struct):
    """One line of the record: who was asked and what came of it. `failure` None: answered, or still does."""

    target: str
    failure: str | None = None
    message: str = ""
    """What the failure says, without keys and without what it quotes of the prompt."""
    status: int | None = None
    """The upstream's, when it failed."""
    milliseconds: float = 0.0
    first_token_ms: float | None = None
    sent: float = 0.0
    """When it was asked, on the loop's clock."""


class Attempt:
    """`begin` up to the first content, then `more` until a list ends with `Finish`; `close` always."""

    def __init__(self, request: Request, slot: Slot, ask: Ask, clocks: Clocks, state: State) -> None:
        self.slot = slot
        self._state = state
        self._clocks = clocks
        self._loop = asyncio.get_running_loop()
        self._sent = self._loop.time()
        self._request = request
        self._ask = ask
        self.tried = Tried(slot.candidate.id, sent=self._sent)
        self._exchange = slot.candidate.provider.open(request, ask)
        self._closed = False
        self._deadline = Deadline()

    async def begin(self) -> list[Event]:
        """Everything up to and including the first content. Raises Failure."""
        by = min(self._sent + self._clocks.start, self._clocks.over)
        try:
            return await self._timed(by, self._first)
        except Failure as failure:
            if not (failure.reused and failure.before_response):
                raise
        await self._exchange.aclose()
        self._exchange = self.slot.candidate.provider.open(self._request, replace(self._ask, fresh=True))
        return await self._timed(by, self._first)

    async def more(self) -> list[Event]:
        """The next events. Raises Failure.

        Silence is counted from now: how long the client took over the last events is not the upstream's doing.
        """
        by = min(self._loop.time() + self._clocks.stall, self._clocks.over)
        return await self._timed(by, self._exchange.read)

    async def close(self, failure: Failure | None = None, *, counts: bool = True) -> None:
        """Give back what was held. Without a failure the try succeeded, or its client left.

        `counts`: the failure says something about the candidate.
        """
        if self._closed:
            return
        self._closed = True
        self._deadline.close()
        now = self._loop.time()
        self.tried.milliseconds = round((now - self._sent) * 1000, 1)
        if failure is not None:
            self.tried.failure, self.tried.message = failure.kind, failure.kept
            self.tried.status = failure.status
        if failure is not None and counts:
            self._state.failed(self.slot, failure, now)
        else:
            self._state.released(self.slot)
        self._state.give_back(self.slot)
        await self._exchange.aclose()

    async def _timed(self, by: float, what: Callable[[], Awaitable[T]]) -> T:
        """Raises Failure, and nothing else: an error of ours is no reason not to ask the next candidate."""
        try:
            self._deadline.move(by)
            with self._deadline:
                return await what()
        except TimeoutError:
            raise self._late() from None
        except Failure:
            raise
        except Exception as error:
            raise _ours(error) from error

    async def _first(self) -> list[Event]:
        clocks, held = self._clocks, list[Event]()
        await self._exchange.start()
        while True:
            events = await self._exchange.read()
            now = self._loop.time()
            held += events
            if self.tried.first_token_ms is None and any(isinstance(event, SIGNS) for event in events):
                self._started(now)
            if isinstance(events[-1], Finish) or any(isinstance(event, CONTENT) for event in events):
                return held
            if self.tried.first_token_ms is not None:
                self._deadline.move(min(now + clocks.stall, clocks.over))
            else:
                by = min(self._sent + clocks.start, clocks.over)
                self._deadline.move(min(by, now + clocks.silence))

    def _started(self, now: float) -> None:
        self.tried.first_token_ms = round((now - self._sent) * 1000, 1)
        self._state.began(self.slot, now - self._sent)

    def _late(self) -> Failure:
        clocks, now = self._clocks, self._loop.time()
        if now >= clocks.over:
            return Failure("timeout", "the whole answer took too long", ours=clocks.hurried(self._sent))
        if self.tried.first_token_ms is None:
            return Failure("timeout", f"no content within {now - self._sent:.1f} s")
        return Failure("timeout", f"silent for {clocks.stall:g} s")


def _ours(error: Exception) -> Failure:
    """An error in fcc itself: its type and place, since its text may quote the request."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = (
        f"{PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else "?"
    )
    return Failure("malformed", f"an error in fcc ({type(error).__name__} at {place})", ours=True)
