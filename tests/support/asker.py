"""A process that asks for a limited model as fast as it is let, as several do in the tests of shared limits.

Forked from the test, so that what is imported there is imported once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from engine.candidates import Limit
from engine.facts import Facts
from engine.limits import LimitRule
from engine.shared.link import Link
from engine.shared.shared import Shared
from engine.state import Slot, State
from providers.provider import Key
from support.scripted import ScriptedProvider, candidate, request

PAUSE = 0.004
"""Seconds between two questions."""
PATIENCE = 30.0

FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Errand:
    """`skew` seconds are added to the clock that the process lives by; `within` them Redis has to answer."""

    url: str
    rule: LimitRule
    seconds: float
    workers: int
    skew: float = 0.0
    within: float = 0.1


class Skewed(asyncio.SelectorEventLoop):
    """Its clock is ahead."""

    def __init__(self, skew: float) -> None:
        super().__init__()
        self.skew = skew

    def time(self) -> float:
        return super().time() + self.skew


async def ask(errand: Errand, line: Connection) -> list[float]:
    """When it was let, by the machine's monotonic clock."""
    state, facts = State(), Facts(request())
    asked = candidate(ScriptedProvider("nim"), limit=Limit(errand.rule, ("nim/*", "", "")))
    shared = Shared(Link(errand.url, errand.within), state, lambda back, why: None, errand.workers)
    await shared.start()
    state.others = shared
    loop = asyncio.get_running_loop()
    line.send("joined")
    await loop.run_in_executor(None, line.recv)
    times: list[float] = []
    end = time.monotonic() + errand.seconds
    while time.monotonic() < end:
        found = state.look(asked, loop.time(), facts)
        slot = await state.claim(asked, found, facts) if isinstance(found, Key) else found
        if isinstance(slot, Slot):
            times.append(time.monotonic())
            state.give_back(slot)
        await asyncio.sleep(PAUSE)
    await shared.aclose()
    return times


def go(errand: Errand, line: Connection) -> None:
    with asyncio.Runner(loop_factory=lambda: Skewed(errand.skew)) as runner:
        line.send(runner.run(ask(errand, line)))


class Askers:
    """Processes that run errands at the same time. `with` it none is left over."""

    def __init__(self, errands: Sequence[Errand]) -> None:
        self._errands = errands
        self._running: list[tuple[BaseProcess, Connection]] = []

    def __enter__(self) -> Askers:
        for errand in self._errands:
            ours, theirs = FORK.Pipe()
            process = FORK.Process(target=go, args=(errand, theirs), daemon=True)
            process.start()
            theirs.close()
            self._running.append((process, ours))
        for _, line in self._running:
            assert line.poll(PATIENCE)
            assert line.recv() == "joined"
        for _, line in self._running:
            line.send("go")
        return self

    def __exit__(self, *raised: object) -> None:
        for process, _ in self._running:
            process.kill()
            process.join()

    def times(self) -> list[list[float]]:
        """When each was let. Waits for the end of their errands."""
        found = []
        for _, line in self._running:
            assert line.poll(PATIENCE + self._errands[0].seconds)
            found.append(line.recv())
        return found
