"""Providers that say what a test tells them to, on whatever clock the loop has. No socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.candidates import Candidate, Limit, Turn
from engine.chain import Chain
from engine.facts import Facts
from engine.health import HealthRule
from engine.state import State
from providers.failures import Failure
from providers.provider import Ask, Key
from providers.secrets import Secret
from rules.policy_types import StepOptions
from rules.settings import Defaults
from translators.events import Event, Finish, Start, Text, Usage
from translators.profile import Profile
from translators.request import Request

Step = float | Failure | list[Event]
"""Seconds of silence, a failure, or events of one read."""

ANSWER: list[Step] = [[Start(), Text("hello")], [Finish("end_turn", usage=Usage(input=3, output=1))]]
HEALTH = HealthRule(3, 30.0, 30.0)


def says(*texts: str) -> list[Step]:
    """A whole answer, one read a text."""
    said: list[Step] = [[Text(text)] for text in texts]
    return [[Start()], *said, [Finish("end_turn", usage=Usage(input=3, output=2))]]


@dataclass(eq=False)
class ScriptedExchange:
    steps: list[Step]
    closed: bool = False

    async def start(self) -> None:
        await self._until(list)

    async def read(self) -> list[Event]:
        await self._until(list)
        if not self.steps:
            raise Failure("cut", "the script has ended")
        events = self.steps.pop(0)
        assert isinstance(events, list)
        return list(events)

    async def aclose(self) -> None:
        self.closed = True

    async def _until(self, kind: type) -> None:
        while self.steps and not isinstance(self.steps[0], kind):
            step = self.steps.pop(0)
            if isinstance(step, Failure):
                raise step
            assert isinstance(step, float)
            await asyncio.sleep(step)


@dataclass(eq=False)
class ScriptedProvider:
    """`scripts` are played in turn, one a call; the last one again and again."""

    name: str
    scripts: list[list[Step]] = field(default_factory=lambda: [ANSWER])
    keys: tuple[Key, ...] = (Key("0", Secret("k")),)
    missing: str | None = None
    asked: list[Ask] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    exchanges: list[ScriptedExchange] = field(default_factory=list)

    def open(self, request: Request, ask: Ask) -> ScriptedExchange:
        script = self.scripts[min(len(self.asked), len(self.scripts) - 1)]
        self.asked.append(ask)
        self.requests.append(request)
        self.exchanges.append(ScriptedExchange(list(script)))
        return self.exchanges[-1]


def candidate(
    provider: Any,
    model: str = "m",
    *,
    health: HealthRule | None = HEALTH,
    limit: Limit | None = None,
    **options: Any,
) -> Candidate:
    profile = options.pop("profile", Profile())
    name = f"{provider.name}/{model}"
    return Candidate(name, provider, model, profile, StepOptions(**options), health, limit)


def request(*, stream: bool = True, text: str = "hi", **fields: Any) -> Request:
    body = {
        "model": "claude-x",
        "max_tokens": 100,
        "stream": stream,
        "messages": [{"role": "user", "content": text}],
    }
    return Request({**body, **fields}, "claude-x", "claude-x", size=200)


def chain(
    turns: Iterable[Turn], state: State | None = None, defaults: Defaults | None = None, **asked: Any
) -> Chain:
    made = request(**asked)
    live = state if state is not None else State()
    return Chain(made, Facts(made), list(turns), live, defaults or Defaults(), lambda low, high: low)
