"""A server of several workers as processes, and clients that each speak with one worker of their choice.

    async with crew("route rest use a/model", a=upstream) as here:
        first, *others = here.clients
        await here.post(first)

A connection stays with the worker that has accepted it; the others stand still while it is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from support.process import PATIENCE, Process, children, serving
from support.upstream import Upstream
from support.world import message, policy

WORKERS = 3
APART = "[state]\nlimits_per_worker = true\n"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass(eq=False)
class Crew:
    process: Process
    stack: contextlib.AsyncExitStack
    clients: dict[int, httpx.AsyncClient] = field(default_factory=dict)
    """By the process id of the worker that they speak with."""

    @property
    def pids(self) -> set[int]:
        return children(self.process.running.pid)

    async def pin(self, pid: int) -> httpx.AsyncClient:
        """A client of its own for this worker."""
        client = httpx.AsyncClient(
            base_url=self.process.address,
            headers=self.process.headers,
            timeout=PATIENCE,
            trust_env=False,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=None),
        )
        await self.stack.enter_async_context(client)
        others = self.pids - {pid}
        with stopped(*others):
            assert (await client.get("/health")).status_code == 200
        return client

    async def pin_all(self) -> None:
        self.clients = {pid: await self.pin(pid) for pid in sorted(self.pids)}

    async def post(self, pid: int, text: str = "hi") -> httpx.Response:
        """A request to a model, answered by this worker."""
        return await self.clients[pid].post("/v1/messages", json=message(text))

    async def everywhere(self, path: str) -> list[Any]:
        """What each worker answers."""
        return [(await client.get(path)).json() for client in self.clients.values()]

    async def metrics(self, pid: int) -> Samples:
        response = await self.clients[pid].get("/metrics")
        assert response.status_code == 200, response.text
        return {
            (one.name, tuple(sorted(one.labels.items()))): one.value
            for family in text_string_to_metric_families(response.text)
            for one in family.samples
        }

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while not await holds():  # noqa: ASYNC110 - what is looked at belongs to others
                await asyncio.sleep(0.05)


@contextlib.contextmanager
def stopped(*pids: int) -> Generator[None, None, None]:
    """These processes do nothing in the block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def crew(
    rules: str, tables: str = APART, *, env: dict[str, str] | None = None, **upstreams: Upstream
) -> AsyncGenerator[Crew, None]:
    words = ("--workers", str(WORKERS), "--log", "json")
    async with contextlib.AsyncExitStack() as stack:
        for upstream in upstreams.values():
            await stack.enter_async_context(upstream)
        text = policy(rules, tables, **upstreams)
        process = await stack.enter_async_context(serving("", text=text, env=env, words=words))
        here = Crew(process, stack)
        await here.pin_all()
        yield here
