"""Processes that share a Redis, each with a view of its own, for tests of what they tell each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from unittest import mock

from engine.candidates import Candidate, Limit
from engine.facts import Facts
from engine.limits import LimitRule
from engine.shared import shared as module
from engine.shared.hints import Hints
from engine.shared.link import Link
from engine.shared.shared import Shared
from engine.state import Skip, Slot, State
from providers.failures import Failure
from providers.provider import Key
from providers.secrets import Secret
from support.redis_server import RedisServer, redis_server
from support.scripted import ScriptedProvider, candidate, request
from support.world import until

BOUND = 30.0
DOWN = Failure("server_error", "down", status=500)
SLOW = 2.0
"""Seconds an answer may take where slowness is not what is tested: the machine may have other work."""


@dataclass(eq=False)
class One:
    """A process's view, and what it was told of the server."""

    shared: Shared
    state: State = field(default_factory=State)
    heard: list[tuple[bool, str]] = field(default_factory=list)
    facts: Facts = field(default_factory=lambda: Facts(request()))

    async def ask(self, asked: Candidate) -> Slot | Skip:
        found = self.state.look(asked, asyncio.get_running_loop().time(), self.facts)
        return await self.state.claim(asked, found, self.facts) if isinstance(found, Key) else found

    async def asked(self, asked: Candidate, times: int) -> int:
        """How many of so many questions were granted; each grant's request ends at once."""
        count = 0
        for _ in range(times):
            if isinstance(slot := await self.ask(asked), Slot):
                count += 1
                self.state.give_back(slot)
        return count


@contextlib.asynccontextmanager
async def one(url: str, *, within: float = SLOW, workers: int = 1) -> AsyncGenerator[One, None]:
    state, heard = State(), list[tuple[bool, str]]()
    shared = Shared(Link(url, within), state, lambda back, why: heard.append((back, why)), workers)
    await shared.start()
    state.others = shared
    try:
        yield One(shared, state, heard)
    finally:
        await shared.aclose()


def limited(
    count: int | None = 10,
    window: float = 60.0,
    key: str = "k",
    tokens: bool = False,
    at_once: int | None = None,
) -> Candidate:
    """A model whose provider's limit is shared."""
    provider = ScriptedProvider("nim", keys=(Key("0", Secret(key)),))
    return candidate(provider, limit=Limit(LimitRule(count, window, tokens, at_once), ("nim/*", "", "")))


async def let(view: One, asked: Candidate) -> Slot:
    """The slot it is given once it is let."""
    while not isinstance(slot := await view.ask(asked), Slot):  # noqa: ASYNC110 - time is waited for
        await asyncio.sleep(0.01)
    return slot


async def beats(view: One, count: int = 3) -> None:
    """Until it has heard from the server so many times more."""
    heard, hear = list[int](), Hints.hear
    with mock.patch.object(Hints, "hear", lambda hints, *said: (heard.append(id(hints)), hear(hints, *said))):
        await until(lambda: heard.count(id(view.shared.hints)) >= count)


def run(
    test: Callable[[RedisServer], Coroutine[object, object, None]], password: str = "", start: bool = True
) -> None:
    async def bounded() -> None:
        with redis_server(password=password, start=start) as server:
            async with asyncio.timeout(BOUND):
                await test(server)

    asyncio.run(bounded())


def rate(count: int) -> str:
    return module.rate_key(("nim/*", "", ""))
