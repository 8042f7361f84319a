"""`POST /v1/messages/count_tokens`, alone and in the bursts in which Claude Code asks."""

from __future__ import annotations

import asyncio
import time

from support.process import serving
from support.upstream import Upstream, openai_answer
from support.world import message, run, world

BURST = 35
"""Requests that `/context` sends at once (measured with Claude Code 2.1.330)."""
LONGEST = 0.3
"""Seconds that a burst may keep others waiting: more than twenty times what it does on an idle machine."""


def counting(characters: int) -> dict[str, object]:
    asked = message("def f(x): return x + 1\n" * (characters // 23))
    return {name: value for name, value in asked.items() if name != "max_tokens"}


def test_the_count_grows_with_the_request() -> None:
    async def test() -> None:
        async with world("route rest use a/one", a=Upstream(openai_answer("hi"))) as here:
            counts = []
            for size in (100, 10_000, 100_000):
                response = await here.post(counting(size), "/v1/messages/count_tokens?beta=true")
                assert response.status_code == 200
                counts.append(response.json()["input_tokens"])
            assert 30 < counts[0] < 100
            assert 8 < counts[2] / counts[1] < 12

    run(test())


def test_a_burst_keeps_nobody_waiting() -> None:
    async def test() -> None:
        async with serving("route rest use a/one", a=Upstream(openai_answer("hi"))) as fcc:
            asked = counting(100_000)
            async with fcc.watched() as pauses:
                began = time.perf_counter()
                answers = await asyncio.gather(
                    *(fcc.client.post("/v1/messages/count_tokens", json=asked) for _ in range(BURST))
                )
                took = time.perf_counter() - began
            assert {answer.status_code for answer in answers} == {200}
            assert pauses.longest < max(LONGEST, took / 3)

    run(test())
