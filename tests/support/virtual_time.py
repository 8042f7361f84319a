"""An event loop whose clock jumps: a test with hours of waiting runs in milliseconds, always the same way."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
NANOSECOND = 1e-9
"""The clock's resolution."""


class DeadlockError(AssertionError):
    """Nothing is scheduled and nothing can arrive: everybody waits for everybody."""


class _Jumping(selectors.SelectSelector):
    """Waits for nothing: what the loop would wait for is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise DeadlockError("nothing is left that could happen")
        if not ready and timeout is not None:
            self.now += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` begins at 1000.0 and moves only when everybody waits."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)
        self._clock_resolution = NANOSECOND

    def time(self) -> float:
        return 1000.0 + self._jumping.now

    def call_at(self, when: float, *args: Any, **context: Any) -> asyncio.TimerHandle:
        """asyncio runs a timer that is due within a nanosecond; here the clock has to be moved for it, or whoever looks
        at it and waits on would do so for ever."""
        now = self.time()
        return super().call_at(max(when, now + NANOSECOND) if when > now else when, *args, **context)

    def hold_up(self, seconds: float) -> None:
        """So long does the callback take that calls this."""
        self._jumping.now += seconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on a virtual clock. Raises DeadlockError instead of hanging."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
