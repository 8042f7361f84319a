"""A provider at a scripted upstream, and exchanges with it, for tests over real sockets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from providers.failures import Failure
from providers.provider import Ask, Exchange, Provider, build
from rules.settings import ProviderTable
from support.upstream import Behaviour, Upstream
from translators.events import Event, Finish, Text
from translators.request import Request

KEY = "sk-very-secret-0123456789"


@dataclass
class Outcome:
    """What became of an exchange."""

    events: list[Event] = field(default_factory=list)
    failure: Failure | None = None

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Text))

    @property
    def finished(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1], Finish)


def request_of(text: str = "hello", *, stream: bool = True, **body: Any) -> Request:
    whole = {
        "model": "w/m",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": text}],
        "stream": stream,
    }
    return Request(body={**whole, **body}, asked="w/m", model="w/m", size=len(text) + 100)


def provider_at(url: str, **table: Any) -> Provider:
    table = {"dialect": "openai-chat", "base_url": url, "key": KEY, **table}
    return build("w", ProviderTable(**table), {}, {}, {})


def ask_of(
    provider: Provider, model: str = "m", *, connect: float = 2.0, write: float = 2.0, **changes: Any
) -> Ask:
    asked = Ask(model, provider.keys[0], None, None, None, connect=connect, write=write)
    return replace(asked, **changes)


async def answered(provider: Provider, request: Request | None = None, **ask: Any) -> Outcome:
    """What one request comes to."""
    return await all_of(provider.open(request or request_of(), ask_of(provider, **ask)))


async def all_of(exchange: Exchange) -> Outcome:
    """Reads an exchange to its end."""
    outcome = Outcome()
    try:
        await exchange.start()
        while not outcome.finished:
            outcome.events += await exchange.read()
    except Failure as failure:
        outcome.failure = failure
    finally:
        await exchange.aclose()
    return outcome


def ask_once(*behaviours: Behaviour, accept: Behaviour | None = None, **ask: Any) -> Outcome:
    """What one call comes to, within five seconds."""

    async def main() -> Outcome:
        async with Upstream(*behaviours, accept=accept) as upstream, asyncio.timeout(5):
            provider = provider_at(upstream.url)
            outcome = await answered(provider, **ask)
            await provider.aclose()
            return outcome

    return asyncio.run(main())
