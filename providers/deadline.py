"""A deadline that is moved with every network read.

`asyncio.timeout_at` sets and cancels a timer each time, a fifth of what a streamed chunk costs here. This one keeps
its timer as long as the deadline only moves away, and looks again when the timer fires.

A loop that was held up, by its own work or by a machine with much else to do, finds the time over and what was waited
for at its door at one and the same moment. That is not the upstream's doing, so there is a little more time then.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

HELD_UP = 0.01
"""Seconds by which a timer must be late to tell that the loop was held up."""
MERCY = 0.5
"""Seconds in which what has come meanwhile can then be read."""


class Deadline:
    """`with` it, as often as need be, raises TimeoutError in place of the cancellation that it has caused.

    Times are those of the running loop, in seconds; None: never. What cancels the task otherwise goes through, as with
    `asyncio.timeout_at` (docs.python.org/3/library/asyncio-task.html#timeouts).
    """

    __slots__ = ("_at", "_by", "_cancelling", "_expired", "_loop", "_spared", "_task", "_timer")

    def __init__(self) -> None:
        self._expired = False
        self._loop = asyncio.get_running_loop()
        self._by: float | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._timer: asyncio.TimerHandle | None = None
        self._at = 0.0
        """When the timer fires."""
        self._spared = False
        """The time was over once already."""

    def move(self, by: float | None) -> None:
        self._by, self._spared = by, False
        if by is not None and (self._timer is None or by < self._at):
            self._set(by)

    def close(self) -> None:
        """Nothing of it is left in the loop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __enter__(self) -> Deadline:
        task = asyncio.current_task()
        assert task is not None, "a deadline is for a task"
        self._task, self._cancelling = task, task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if not self._expired or task is None:
            return
        self._expired = False
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _set(self, by: float) -> None:
        self.close()
        self._at = max(by, self._loop.time())
        self._timer = self._loop.call_at(self._at, self._look)

    def _look(self) -> None:
        self._timer = None
        task, by = self._task, self._by
        if task is None or by is None:
            return
        now = self._loop.time()
        if now < by:
            self._set(by)
        elif now - self._at > HELD_UP and not self._spared:
            self._spared = True
            self._set(now + MERCY)
        else:
            self._expired = True
            task.cancel()
