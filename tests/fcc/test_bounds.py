"""What is large or hostile in size stays small: memory and pauses of the server while upstreams and clients overdo it.

The server is a process of its own, with a clock in its loop that tells how much work held it up at a time; see
`support.ticking`. Small requests are sent to it all the while, of which the slowest is shown: on a machine with other
things to do it says more of these. The bounds are those of `docs/security.md`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from support import ticking
from support.process import Process, serving
from support.upstream import (
    OPENAI_END,
    Behaviour,
    Peer,
    Upstream,
    answer,
    chunk,
    openai_answer,
    openai_chunk,
    raw,
)
from support.world import TOKEN, message

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

MOST_MEMORY = 16.0
"""MB that one hostile exchange may add to the peak."""
LONGEST_PAUSE = 0.1
"""Seconds the loop may be held up at a time."""
RUNS = 6
"""What takes longer is asked again: a busy machine makes work slower too, and the quickest run says what it is."""
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
MB = 1024 * 1024
RULES = """\
route warm when model in ("warm", "large") use b/m, retry 0
route wrong when model is "wrong" use c/m, retry 0
route rest use a/m, retry 0
"""


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
    "an event of a million empty objects": poured(
        HEAD + b'\r\ndata: {"choices":[{"index":0,"delta":{"content":[', b"{}," * 20_000, 50
    ),
    "calls without an end": poured(
        HEAD + b"\r\n",
        b"".join(
            b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"id":"%d","index":%d,'
            b'"function":{"name":"f","arguments":"{}"}}]}}]}\n\n' % (at, at)
            for at in range(20_000)
        ),
        1,
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


def turns() -> list[dict[str, Any]]:
    """A conversation of 30 MB: files that were read, calls, and a few words between them."""
    page = 'def f(x):\n    return x + 1  # a "comment"\n' * 290
    found: list[dict[str, Any]] = [{"role": "user", "content": "begin"}]
    for number in range(2_200):
        name = f"toolu_{number:06}"
        call = {"type": "tool_use", "id": name, "name": "Read", "input": {"file_path": f"/src/{number}.py"}}
        result = {"type": "tool_result", "tool_use_id": name, "content": [{"type": "text", "text": page}]}
        found.append({"role": "assistant", "content": [{"type": "text", "text": "I see."}, call]})
        found.append({"role": "user", "content": [result, {"type": "text", "text": "Go on."}]})
    return found


def said(content: Any, model: str = "large") -> bytes:
    body = message(messages=[{"role": "user", "content": content}], model=model)
    return json.dumps(body, ensure_ascii=False).encode()


def metadata(value: bytes) -> bytes:
    body = json.dumps(message(model="large", metadata=0)).encode()
    return body.replace(b'"metadata": 0', b'"metadata": ' + value)


def conversation(model: str = "large") -> bytes:
    return json.dumps(message(messages=turns(), model=model)).encode()


PROSE = 'The quick brown fox jumps over the lazy dog.\n\tif (a < b) { return "c"; }\n'
PICTURE = {"type": "base64", "media_type": "image/png", "data": "QUJD" * 512 * 1024}
LARGE: dict[str, tuple[Callable[[], bytes], int]] = {
    "a text of 31 MB": (lambda: said("x" * 31 * MB), 200),
    "prose of 29 MB": (lambda: said(PROSE * (27 * MB // len(PROSE))), 200),
    "pictures of 28 MB": (lambda: said([{"type": "image", "source": PICTURE}] * 14), 200),
    "a conversation of 30 MB": (conversation, 200),
    "the same with half a sign": (lambda: conversation().replace(b'"begin"', b'"begin \\ud83d"'), 200),
    "the same that is called wrong": (lambda: conversation("wrong"), 400),
    "the tokens of 29 MB": (lambda: said("äöü漢字😀 " * 1_700_000), 200),
    "31 MB of empty objects": (lambda: metadata(b"[%s1]" % (b"{}," * (31 * MB // 3))), 400),
    "31 MB of keys": (
        lambda: metadata(b'{"":0%s}' % b"".join(b',"%06x":0' % at for at in range(2_900_000))),
        400,
    ),
    "a user id of 31 MB": (lambda: metadata(b'{"user_id":"_session_%s!"}' % (b"a" * 31 * MB)), 200),
    "a request of 700,000 blocks": (lambda: said([{"type": "text", "text": "abcd"}] * 700_000), 400),
}
"""Requests that are as large as they may be, and how they end."""


def asks_large(name: str) -> Callable[[Process], Awaitable[None]]:
    make, status = LARGE[name]
    path = "/v1/messages/count_tokens" if "tokens" in name else "/v1/messages"

    async def ask(fcc: Process) -> None:
        headers = {"content-type": "application/json"}
        response = await fcc.client.post(path, content=make(), headers=headers)
        assert response.status_code == status, response.text

    return ask


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
MOST_FOR_LARGE = 320.0
"""MB: ten times the body. It is held as it came, decoded, written anew, and once more on its way out."""
WRONG = answer(400, b'{"error":{"message":"there is something wrong with messages.0.content, we would say"}}')
ENDLESS = poured(CHUNKED, chunk(openai_chunk("x" * 900)), 30_000)


class Figure(NamedTuple):
    memory: float
    """MB added to the peak."""
    pause: float
    """Seconds that the slowest small request took meanwhile."""
    held: float
    """Seconds of work that held up the loop at a time, the most of a run."""


async def all_of_them() -> dict[str, Figure]:
    """One server for all."""
    upstreams: dict[str, Any] = {f"u{number}": Upstream(one) for number, one in enumerate(UPSTREAMS.values())}
    named = "\n".join(f'route {name} when model is "{name}" use {name}/m, retry 0' for name in upstreams)
    others = {
        "a": Upstream(ENDLESS),
        "b": Upstream(openai_answer("hi")),
        "c": Upstream(WRONG),
    }
    cases = {name: asks(model) for model, name in zip(upstreams, UPSTREAMS, strict=True)}
    cases |= CLIENTS | {name: asks_large(name) for name in LARGE}
    async with serving(f"{named}\n{RULES}", python=(ticking.__file__,), **upstreams, **others) as fcc:
        for stream in (True, False):
            assert (await fcc.post(model="warm", stream=stream)).status_code == 200
        return {name: await measured(fcc, case) for name, case in cases.items()}


def asks(model: str) -> Callable[[Process], Awaitable[None]]:
    async def ask(fcc: Process) -> None:
        response = await fcc.post(model=model, stream=True)
        assert response.status_code in (200, 529), response.text

    return ask


async def measured(fcc: Process, case: Callable[[Process], Awaitable[None]]) -> Figure:
    """The first run's memory, and the pauses of the quickest."""
    found = await once(fcc, case)
    for _ in range(RUNS - 1):
        if found.held < LONGEST_PAUSE:
            break
        again = await once(fcc, case)
        found = Figure(found.memory, min(found.pause, again.pause), min(found.held, again.held))
    return found


async def once(fcc: Process, case: Callable[[Process], Awaitable[None]]) -> Figure:
    before = fcc.resident()
    fcc.forget_peak()
    async with fcc.watched() as pauses:
        ticking.forget(fcc.folder)
        await case(fcc)
        held = ticking.longest(fcc.folder)
    return Figure(fcc.peak() - before, pauses.longest, held)


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return asyncio.run(asyncio.wait_for(all_of_them(), 150.0))


@pytest.mark.parametrize("name", [*UPSTREAMS, *CLIENTS, *LARGE])
def test_what_is_large_or_hostile_in_size_stays_small(name: str, figures: dict[str, Figure]) -> None:
    memory, pause, held = figures[name]
    print(f"{name}: {memory:.1f} MB, {pause * 1000:.0f} ms, of which {held * 1000:.0f} ms work")
    assert memory < (MOST_FOR_LARGE if name in LARGE else MOST_MEMORY)
    assert held < LONGEST_PAUSE
