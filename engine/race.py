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
    """The first answer, the others cancelled; None when all of them failed. Raises what `enter` raises.

    The next runner starts `after` seconds behind the one before, or at once when nobody is running any more.
    """
    waiting = list(runners)
    running: set[asyncio.Task[Answer | None]] = set()
    winner: Answer | None = None
    try:
        while winner is None and (waiting or running):
            if waiting:
                running.add(asyncio.ensure_future(enter(waiting.pop(0))))
            done, running = await asyncio.wait(
                running, timeout=after if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                answer = task.result()
                if answer is not None and winner is None:
                    winner = answer
                elif answer is not None:
                    await answer[0].close()
        return winner
    finally:
        await _stop(running, winner)


async def _stop(running: set[asyncio.Task[Answer | None]], winner: Answer | None) -> None:
    for task in running:
        task.cancel()
    for result in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(result, tuple) and result is not winner:
            await result[0].close()
