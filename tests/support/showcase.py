"""A server that looks busy: the world that the pictures of the dashboard are taken of."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator
from typing import Any

from engine.decision import Decision, Skipped, Tries
from support.upstream import Upstream, answer, openai_answer, openai_chunk, stall_after
from support.world import World, message, until, world

RULES = """\
# Free models first, the large ones when a prompt is long or has pictures.
alias coder = nim/qwen/qwen3-coder-480b
alias glm = nim/z-ai/glm4.7
alias flash = nim/stepfun-ai/step-3.5-flash
alias minimax = zen/minimax-m2.5
alias pickle = zen/big-pickle
alias haiku = claude/claude-haiku-4-5

health zen/* 2 failures in 60s, rest 10m
health *     3 failures in 30s, rest 30s
limit nim/* 40 per minute each, 6 at once
limit claude/* 20000 tokens per minute

chain main = minimax then least-loaded (coder, glm) then pickle
chain quick = flash then haiku, without thinking
chain careful = coder, start within 20s then main

offer main as "Main"
offer careful as "Careful"

route chores when task in (quota_probe, title) answer locally
route small when model is "*haiku*" or task is search use quick
route long when tokens > 120k use careful
route rest use main
"""
MODELS = (
    "zen/minimax-m2.5",
    "nim/qwen/qwen3-coder-480b",
    "nim/z-ai/glm4.7",
    "nim/stepfun-ai/step-3.5-flash",
    "claude/claude-haiku-4-5",
)
ROUTES = ("rest", "rest", "rest", "small", "long")
FAILURES = (
    ("overloaded", 529, "Overloaded"),
    ("timeout", None, "no content within 20.0 s"),
    ("rate_limit", 429, "Rate limit exceeded: 40 requests per minute"),
    ("server_error", 500, "Internal Server Error"),
)
"""Kind, status and words."""


@contextlib.asynccontextmanager
async def showcase() -> AsyncGenerator[World, None]:
    """Three requests in flight, one model that rests and one that is limited, six hours of history."""
    slow = stall_after(openai_chunk("I am looking into it"))
    busy = answer(500, b'{"error":{"message":"upstream is on fire"}}')
    nim = Upstream(openai_answer("yes"), slow)
    async with world(RULES, zen=Upstream(busy), nim=nim, claude=Upstream(slow)) as here:
        here.app.house.path = "~/.config/free-claude-code/routes.toml"
        generation = here.app.house.generation
        assert generation is not None
        await remember(here, history(random.Random(7), generation.id))
        await ask(here, "fix-the-parser")
        flying = [asyncio.create_task(ask(here, name, **more)) for name, more in FLYING.items()]
        await until(
            lambda: sum(one["first_token_ms"] is not None for one in here.app.books.live.in_flight()) == 3
        )
        try:
            yield here
        finally:
            for one in flying:
                one.cancel()
            await asyncio.gather(*flying, return_exceptions=True)


FLYING: dict[str, dict[str, Any]] = {
    "0b6c2f9e-refactor": {"stream": True},
    "77aa01d3-review": {"stream": True},
    "c41e88b0-search": {"stream": True, "model": "claude-haiku-4-5"},
}


async def ask(here: World, session: str, **fields: Any) -> None:
    await here.post(message("hi", **fields), **{"x-claude-code-session-id": session})


async def remember(here: World, rows: list[Decision]) -> None:
    """Into the ledger, and into memory, as if they had been answered."""
    ledger = here.app.books.ledger
    assert ledger is not None
    for row in rows:
        here.app.books.sessions.add(row)
    await asyncio.gather(*filter(None, [ledger.remember(row) for row in rows]))


def history(dice: random.Random, generation: str, count: int = 900, hours: float = 6.0) -> list[Decision]:
    """Requests of the last hours, the oldest first; in the middle one model has a bad time."""
    now = time.time()
    moments = sorted(now - 20 - hours * 3600 * dice.random() ** 1.3 for _ in range(count))
    return [
        past(dice, generation, number, at, (now - at) / (hours * 3600)) for number, at in enumerate(moments)
    ]


def past(dice: random.Random, generation: str, number: int, at: float, age: float) -> Decision:
    session = f"{dice.randrange(14):02x}d1-{('refactor', 'review', 'docs', 'bisect')[number % 4]}"
    route = dice.choice(ROUTES)
    failing = dice.random() < (0.45 if 0.1 < age < 0.16 else 0.04)
    first = round(dice.lognormvariate(6.6, 0.5), 1)
    target = dice.choice(MODELS)
    tried = [Tries(target, None, 0.0, round(first * dice.uniform(2, 9), 1), first)]
    if failing:
        wasted = round(dice.uniform(80, 2500), 1)
        kind, status, words = dice.choice(FAILURES)
        before = MODELS[(MODELS.index(target) + 1) % 5]
        tried.insert(0, Tries(before, kind, 0.0, wasted, None, status, words))
        tried[-1] = Tries(target, None, wasted, tried[-1].ms, first)
    lost = failing and dice.random() < 0.25
    tokens = dice.randrange(2_000, 90_000)
    facts = {"model": "claude-opus-5-5", "tokens": tokens, "stream": True, "task": "main", "time": "14:05"}
    row = {
        "request": f"req_{number:024x}",
        "at": round(at, 3),
        "session": session,
        "sub_agent": "explore" if number % 9 == 0 else "",
        "client": "",
        "task": "main",
        "asked": "claude-opus-5-5",
        "stream": True,
        "bytes": tokens * 4,
        "route": route,
        "target": target,
        "status": 529 if lost else 200,
        "error": "overloaded_error" if lost else None,
        "failovers": int(failing),
        "first_token_ms": None if lost else round(tried[-1].after + first, 1),
        "ms": round(tried[-1].after + tried[-1].ms, 1),
        "tokens_in": tokens,
        "tokens_out": dice.randrange(40, 2600),
        "cache_read": tokens // 2,
        "cache_write": 0,
        "generation": generation,
        "attempts": tried,
        "skipped": [Skipped("zen/big-pickle", "it rests")] if failing else [],
        "facts": facts,
    }
    return Decision(**row)
