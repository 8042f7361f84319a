"""The demo's upstreams: small HTTP servers on loopback that speak openai-chat by a script.

`Broken` takes the request, promises a stream and then says nothing more. `Steady` thinks, speaks, and asks for a tool
when the demo's own tool was offered. Every line that a person should see goes to `tell`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

Tell = Callable[[str], None]

TOOL = "record_finding"
"""The demo's own tool; no real client offers it, so no real client is asked to run anything."""

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
PAUSE = 0.035
"""Seconds between two pieces: about the speed of a quick model."""

THOUGHT = "The first model of the chain never said a word. I am the second one, and nobody had to notice."
SPEECH = (
    "You asked one server and one model id. The model that should have answered took the request and then went "
    "silent; after the deadline in the policy, fcc asked me instead. The head of your response had not left yet, so "
    "all you ever see is this answer."
)


class Upstream(ABC):
    """One server; `async with` opens it on a free port."""

    silent = False
    """After what it said it keeps the connection open until the other side gives up."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.port = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Upstream:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            asked = await read_request(reader)
            async for piece in self.answer(asked):
                writer.write(piece)
                await writer.drain()
            if self.silent:
                await reader.read()
        writer.close()

    @abstractmethod
    def answer(self, asked: dict[str, Any]) -> AsyncIterator[bytes]:
        """The bytes of the response, in their own time."""


class Broken(Upstream):
    silent = True

    async def answer(self, asked: dict[str, Any]) -> AsyncIterator[bytes]:
        self.tell(f"{asked['model']} is asked, says 200 OK, and goes silent")
        yield HEAD
        yield b": still here\n\n"


class Steady(Upstream):
    async def answer(self, asked: dict[str, Any]) -> AsyncIterator[bytes]:
        self.tell(f"{asked['model']} is asked, and answers")
        yield HEAD
        for word in words(THOUGHT):
            yield chunk({"reasoning_content": word})
            await asyncio.sleep(PAUSE)
        for word in words(SPEECH):
            yield chunk({"content": word})
            await asyncio.sleep(PAUSE)
        wanted = TOOL in [tool["function"]["name"] for tool in asked.get("tools") or ()]
        if wanted:
            yield chunk({"tool_calls": [call('{"finding": "')]})
            await asyncio.sleep(PAUSE)
            yield chunk({"tool_calls": [more('a failover nobody saw"}')]})
        usage = {"prompt_tokens": len(json.dumps(asked)) // 4, "completion_tokens": 96, "total_tokens": 0}
        yield chunk({}, finish="tool_calls" if wanted else "stop", usage=usage)
        yield b"data: [DONE]\n\n"


def words(text: str) -> Iterable[str]:
    """The words of a text, each with the blank before it."""
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


def call(arguments: str) -> dict[str, Any]:
    function = {"name": TOOL, "arguments": arguments}
    return {"index": 0, "id": "call_demo", "type": "function", "function": function}


def more(arguments: str) -> dict[str, Any]:
    return {"index": 0, "function": {"arguments": arguments}}


def chunk(delta: dict[str, Any], finish: str | None = None, usage: dict[str, int] | None = None) -> bytes:
    row: dict[str, Any] = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    if usage:
        row["usage"] = usage
    return b"data: " + json.dumps(row).encode() + b"\n\n"


async def read_request(reader: asyncio.StreamReader) -> dict[str, Any]:
    """The JSON body of one request. Raises ValueError for anything else."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    body = await reader.readexactly(int(fields.get("content-length", "0")))
    return json.loads(body)
