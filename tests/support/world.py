"""The whole house between a client and scripted upstreams, all on one loop.

    async with world("route rest use a/model", a=Upstream(openai_answer("hello"))) as here:
        response = await here.post(message("hi"))

Each upstream is a provider of its name that speaks openai-chat and needs no key.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from engine.generation import House
from fcc.launch import Server
from fcc.listen import listening, url
from fcc.log import Log
from fcc.server import App
from support.upstream import Upstream

TOKEN = "the-token-of-these-tests"
LAPTOP = "the-token-of-a-client-of-these-tests"
"""In the variable LAPTOP_TOKEN, for policies with `[clients.NAME]`."""
BOUND = 30.0
"""Seconds after which a test that hangs has failed."""


@dataclass(eq=False)
class World:
    address: str
    app: App
    server: Server
    serving: asyncio.Task[None]
    client: httpx.AsyncClient
    lines: list[bytes] = field(default_factory=list)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The log so far."""
        return [json.loads(line) for line in self.lines]

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Its lines about requests."""
        return [row for row in self.rows if row["event"] == "request"]

    async def post(self, body: Any, path: str = "/v1/messages", **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(path, content=content, headers=headers)

    async def logged(self, count: int = 1) -> list[dict[str, Any]]:
        """The log of requests once there are `count` of them: a line is written after the answer has left."""
        await until(lambda: len(self.requests) >= count)
        return self.requests


@contextlib.asynccontextmanager
async def world(
    rules: str, tables: str = "", *, lame_duck: float = 0.0, drain: float = 2.0, **upstreams: Upstream
) -> AsyncGenerator[World, None]:
    """`tables` is appended to the policy; `lame_duck` and `drain` in seconds."""
    async with contextlib.AsyncExitStack() as stack:
        for upstream in upstreams.values():
            await stack.enter_async_context(upstream)
        text = policy(rules, tables, **upstreams)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lines: list[bytes] = []
        app = application(folder, text, lines)
        found = listening("127.0.0.1", 0)
        ready = asyncio.Event()
        server = Server(app, ready.set, lame_duck=lame_duck, drain=drain)
        serving = asyncio.create_task(server.serve([found]))
        await ready.wait()
        headers = {"x-api-key": TOKEN, "content-type": "application/json"}
        client = httpx.AsyncClient(base_url=url(found), headers=headers, timeout=BOUND, trust_env=False)
        await stack.enter_async_context(client)
        try:
            yield World(url(found), app, server, serving, client, lines)
        finally:
            await client.aclose()
            server.should_exit = True
            await serving


def policy(rules: str, tables: str = "", **upstreams: Upstream) -> str:
    providers = "".join(
        f'[providers.{name}]\ndialect = "openai-chat"\nbase_url = "{upstream.url}"\nkey = ""\n\n'
        for name, upstream in upstreams.items()
    )
    return f"rules = '''\n{rules}\n'''\n\n{providers}{tables}"


def application(folder: Path, text: str, lines: list[bytes]) -> App:
    path = folder / "routes.toml"
    path.write_text(text)
    env = {"ANTHROPIC_AUTH_TOKEN": TOKEN, "LAPTOP_TOKEN": LAPTOP}
    house = House(path=str(path), env=env)
    loaded = house.accept(text.encode())
    assert loaded.policy is not None, loaded.diagnostics
    app = App(house, path, env, state=folder, log=Log("debug", lines.append))
    app.follower.knows(text.encode())
    return app


async def until(holds: Callable[[], bool]) -> None:
    """Until it holds. Raises TimeoutError."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is looked at belongs to others
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def looked(here: World) -> AsyncGenerator[None, None]:
    """Ends when the server has looked at its file after what was done inside. Raises TimeoutError."""
    load, done = here.app.follower.load, asyncio.Event()

    async def watched(**options: Any) -> Any:
        try:
            return await load(**options)
        finally:
            done.set()

    with mock.patch.object(here.app.follower, "load", watched):
        yield
        async with asyncio.timeout(10):
            await done.wait()


def message(text: str = "hi", **fields: Any) -> dict[str, Any]:
    """The body of a request."""
    body = {"model": "claude-opus-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": text}]}
    return {**body, **fields}


def run(test: Coroutine[Any, Any, None], bound: float = BOUND) -> None:
    """Run an asynchronous test to its end, which comes in time."""

    async def bounded() -> None:
        async with asyncio.timeout(bound):
            await test

    asyncio.run(bounded())
