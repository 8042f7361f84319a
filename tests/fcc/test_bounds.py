"""What is hostile in size stays small: memory and pauses of the server while upstreams and clients overdo it.

The server is a process of its own. Small requests are sent to it all the while; the slowest tells how long its loop
was held up. The bounds are those of `docs/security.md`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from support.process import Process, serving
from support.upstream import OPENAI_END, Behaviour, Peer, Upstream, chunk, openai_answer, openai_chunk, raw
from support.world import TOKEN, message

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

MOST_MEMORY = 16.0
"""MB that one hostile exchange may add to the peak."""
LONGEST_PAUSE = 0.1
"""Seconds the loop may be held up at a time, on two quiet cores; tests on busy ones allow more."""
ALLOWANCE = 4
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
MB = 1024 * 1024
RULES = 'route warm when model is "warm" use b/m, retry 0\nroute rest use a/m, retry 0'


def poured(head: bytes, piece: bytes, times: int) -> Behaviour:
    """A head, then the same piece again and again as fast as it is taken."""

    async def behave(peer: Peer) -> None:
        await peer.send(head)
        for _ in range(times):
            await peer.send(piece)
        peer.fin()

    return behave


def packed(data: bytes) -> Behaviour:
    body = gzip.compress(data, 9)
    return raw(HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body) + body, then="keep")


TINY = 100_000
EVENTS = openai_chunk("x") * TINY

UPSTREAMS: dict[str, Behaviour] = {
    "a line of 20 MB without an end": poured(HEAD + b"\r\ndata: ", b"x" * 65_536, 320),
    "a document of 20 MB": poured(HEAD + b'\r\n{"x":"', b"x" * 65_536, 320),
    "a page of 20 MB": poured(HEAD + b"\r\n<html>", b"x" * 65_536, 320),
    "a comment of 20 MB": poured(HEAD + b"\r\n:", b"x" * 65_536, 320),
    "text of 20 MB and nothing of it an event": poured(HEAD + b"\r\n", b"x" * 65_536, 320),
    "a head without an end": poured(b"HTTP/1.1 200 OK\r\n", b"x-padding: " + b"y" * 900 + b"\r\n", 20_000),
    "one header line without an end": poured(b"HTTP/1.1 200 OK\r\nx-padding: ", b"y" * 65_536, 320),
    "a status line without an end": poured(b"HTTP/1.1 200 ", b"y" * 65_536, 320),
    "a bomb of zeros": packed(b"\0" * 64 * MB),
    "a bomb of events": packed(openai_chunk("x" * 90) * 300_000 + OPENAI_END),
    "tool arguments of 20 MB": poured(
        HEAD + b"\r\n",
        b'data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":'
        b'{"name":"f","arguments":"' + b"x" * 60_000 + b'"}}]}}]}\n\n',
        320,
    ),
    "100,000 tiny events in one packet": raw(
        HEAD + b"content-length: %d\r\n\r\n" % len(EVENTS + OPENAI_END) + EVENTS + OPENAI_END, then="keep"
    ),
}


def head_of(length: str) -> bytes:
    lines = ("POST /v1/messages HTTP/1.1", "host: localhost", f"x-api-key: {TOKEN}", length)
    return "\r\n".join([*lines, "content-type: application/json", "", ""]).encode()


async def connected(fcc: Process) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", fcc.port)


async def never_reads(fcc: Process) -> None:
    """Asks for a stream and takes nothing of it for a second."""
    reader, writer = await connected(fcc)
    body = json.dumps(message(stream=True)).encode()
    writer.write(head_of(f"content-length: {len(body)}") + body)
    await asyncio.sleep(1.0)
    writer.transport.abort()
    del reader


async def announces_too_much(fcc: Process) -> None:
    reader, writer = await connected(fcc)
    writer.write(head_of(f"content-length: {33 * MB}"))
    for _ in range(33 * 16):
        writer.write(b" " * 65_536)
        await writer.drain()
    await refused(reader, writer, 413)


async def asks_for_depth(fcc: Process) -> None:
    reader, writer = await connected(fcc)
    body = b'{"model":"m","max_tokens":1,"messages":' + b"[" * MB
    writer.write(head_of(f"content-length: {len(body)}") + body)
    await refused(reader, writer, 400)


async def heads_without_end(fcc: Process) -> None:
    for _ in range(20):
        reader, writer = await connected(fcc)
        writer.write(head_of("x-padding: " + "y" * MB))
        await refused(reader, writer, 431)


async def refused(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: int) -> None:
    line = await reader.readline()
    assert line.startswith(b"HTTP/1.1 %d " % status), line
    writer.transport.abort()


CLIENTS: dict[str, Callable[[Process], Awaitable[None]]] = {
    "a client that never reads": never_reads,
    "a body of 33 MB": announces_too_much,
    "a body of a million levels": asks_for_depth,
    "heads of a megabyte": heads_without_end,
}
ENDLESS = poured(CHUNKED, chunk(openai_chunk("x" * 900)), 30_000)


async def all_of_them() -> dict[str, tuple[float, float]]:
    """Name → MB added to the peak, longest pause in seconds; one server for all."""
    upstreams: dict[str, Any] = {f"u{number}": Upstream(one) for number, one in enumerate(UPSTREAMS.values())}
    named = "\n".join(f'route {name} when model is "{name}" use {name}/m, retry 0' for name in upstreams)
    found = {}
    async with serving(
        f"{named}\n{RULES}", **upstreams, a=Upstream(ENDLESS), b=Upstream(openai_answer("hi"))
    ) as fcc:
        for stream in (True, False):
            assert (await fcc.post(model="warm", stream=stream)).status_code == 200
        for model, name in zip(upstreams, UPSTREAMS, strict=True):
            found[name] = await measured(fcc, asks(model))
        for name, client in CLIENTS.items():
            found[name] = await measured(fcc, client)
    return found


def asks(model: str) -> Callable[[Process], Awaitable[None]]:
    async def ask(fcc: Process) -> None:
        response = await fcc.post(model=model, stream=True)
        assert response.status_code in (200, 529), response.text

    return ask


async def measured(fcc: Process, case: Callable[[Process], Awaitable[None]]) -> tuple[float, float]:
    before = fcc.resident()
    fcc.forget_peak()
    async with fcc.watched() as pauses:
        await case(fcc)
    return fcc.peak() - before, pauses.longest


@pytest.fixture(scope="module")
def figures() -> dict[str, tuple[float, float]]:
    return asyncio.run(asyncio.wait_for(all_of_them(), 100.0))


@pytest.mark.parametrize("name", [*UPSTREAMS, *CLIENTS])
def test_what_is_hostile_in_size_stays_small(name: str, figures: dict[str, tuple[float, float]]) -> None:
    memory, pause = figures[name]
    print(f"{name}: {memory:.1f} MB, {pause * 1000:.0f} ms")
    assert memory < MOST_MEMORY
    assert pause < LONGEST_PAUSE * ALLOWANCE
