"""`race (a, b after 2s)`: the next is asked as well when nothing has come yet; the first content wins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from engine.attempt import Attempt
from engine.candidates import Candidate
from translators.events import Event

Answer = tuple[Attempt, list[Event]]


async def race(
    runners: Sequence[Candidate], after: float, enter: Callable[[Candidate], Awaitable[Answer | None]]
) -> Answer | None:
    """The first answer, the others cancelled; None when all of them failed. Raises what `enter` raises, unless
    another runner has answered by then.

    The next runner starts `after` seconds behind the one before, or at once when nobody is running any more.
    """
    waiting = list(runners)
    tasks: list[asyncio.Task[Answer | None]] = []
    running: set[asyncio.Task[Answer | None]] = set()
    winner: asyncio.Task[Answer | None] | None = None
    try:
        while winner is None and (waiting or running):
            if waiting:
                tasks.append(asyncio.ensure_future(enter(waiting.pop(0))))
                running.add(tasks[-1])
            done, running = await asyncio.wait(
                running, timeout=after if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            ended = (task for task in tasks if task in done)
            for task in sorted(ended, key=lambda one: one.exception() is not None):
                if winner is None and task.result() is not None:
                    winner = task
        await _stop([task for task in tasks if task is not winner])
    except BaseException:
        await _stop(tasks)
        raise
    return winner.result() if winner is not None else None


async def _stop(tasks: Sequence[asyncio.Task[Answer | None]]) -> None:
    """Cancels those that run, and closes what the others answered."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, tuple):
            await result[0].close()
