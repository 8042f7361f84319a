"""Clients that ask without a pause while something happens to the server, and count what they lose."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import httpx

from support.upstream import Behaviour, Peer, openai_chunk

PIECES = 6
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def slowly(pause: float) -> Behaviour:
    """An answer in pieces, `pause` seconds apart."""

    async def behave(peer: Peer) -> None:
        await peer.stream_head()
        for number in range(PIECES):
            await peer.chunk(openai_chunk(f"<{number}>"))
            await asyncio.sleep(pause)
        await peer.chunk(END)
        await peer.chunk(b"")

    return behave


def whole(body: str) -> bool:
    """Every piece once and in order, and an end."""
    said = "".join(
        event["delta"].get("text", "")
        for line in body.splitlines()
        if line.startswith("data: ") and (event := json.loads(line[6:]))["type"] == "content_block_delta"
    )
    return said == "".join(f"<{number}>" for number in range(PIECES)) and "message_stop" in body


@dataclass(eq=False)
class Load:
    """`lost`: what was not a whole answer, in words."""

    url: str
    headers: dict[str, str]
    body: dict[str, Any]
    answered: int = 0
    lost: list[str] = field(default_factory=list)
    over: bool = False

    async def one(self, *, keep: bool) -> None:
        """A client that keeps its connection, or makes a new one for each request."""
        async with contextlib.AsyncExitStack() as stack:
            client = await stack.enter_async_context(self._client())
            while not self.over:
                try:
                    async with contextlib.AsyncExitStack() as once:
                        asker = client if keep else await once.enter_async_context(self._client())
                        response = await asker.post("/v1/messages", json=self.body)
                except httpx.HTTPError as error:
                    self.lost.append(repr(error))
                    continue
                if response.status_code == 200 and whole(response.text):
                    self.answered += 1
                else:
                    self.lost.append(f"{response.status_code} {response.text[-300:]}")

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=30, trust_env=False)


@contextlib.asynccontextmanager
async def load(url: str, token: str, body: dict[str, Any], clients: int = 8) -> AsyncGenerator[Load, None]:
    """Half of the clients keep their connection. In the end each finishes what it has asked."""
    made = Load(url, {"x-api-key": token}, {**body, "stream": True})
    asking = [asyncio.create_task(made.one(keep=number % 2 == 0)) for number in range(clients)]
    try:
        yield made
    finally:
        made.over = True
        await asyncio.gather(*asking)
