"""An upstream that costs next to nothing: fixed bytes for every request, streams written at once or drop by drop.

The model's name says what it sends: `whole`, `burst-200` (200 content chunks in one write), `drip-50` (one a
millisecond).
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any

import uvloop

WHOLE = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
    }
).encode()

_MODEL = re.compile(rb'"model":\s*"([a-z]+)-?([0-9]*)"')


def chunk(delta: dict[str, object], reason: str | None = None) -> bytes:
    body = {
        "id": "chatcmpl-5b1ef27a",
        "object": "chat.completion.chunk",
        "created": 1764000000,
        "model": "some/model",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}],
    }
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def stream(count: int) -> list[bytes]:
    first, last = chunk({"role": "assistant", "content": ""}), chunk({}, "stop")
    usage = {"id": "c", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": count}}
    ending = last + b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n"
    pieces = [chunk({"content": f"word{index} "}) for index in range(count)]
    return [first + pieces[0], *pieces[1:], ending]


class Upstream(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *([0-9]+)", head)
            size = int(length[1]) if length else 0
            if not found or len(rest) < size:
                return
            body, self.buffer = rest[:size], rest[size:]
            self.answer(body)

    def answer(self, body: bytes) -> None:
        model = _MODEL.search(body)
        kind, count = (model[1], int(model[2] or 0)) if model else (b"whole", 0)
        if kind == b"whole" and b'"stream":true' not in body.replace(b" ", b""):
            head = (
                f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(WHOLE)}\r\n\r\n"
            )
            self.write(head.encode() + WHOLE)
            return
        pieces = stream(max(count, 1))
        self.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        if kind == b"drip":
            asyncio.get_running_loop().create_task(self.drip(pieces))
        else:
            self.write(framed(b"".join(pieces)) + b"0\r\n\r\n")

    async def drip(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self.write(framed(piece))
            await asyncio.sleep(0.001)
        self.write(b"0\r\n\r\n")

    def write(self, data: bytes) -> None:
        self.transport.write(data)


def framed(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
