"""An upstream on loopback that does what it is told, byte by byte: the faults of real ones, on demand.

    async with Upstream(answer(200, b'{"ok":1}'), cut_after(b"data: ...", rst=True)) as upstream:
        ... call upstream.url ...
        assert upstream.requests[0].path == "/v1/chat/completions"

A behaviour is an async function that is given a `Peer` when a request has been read; the first request gets the first
behaviour, and the last one serves all that follow. Behaviours that are simple enough have a maker here; others are
written where they are needed:

    async def half_a_head(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\\r\\ncontent-ty")
        peer.fin()

`accept` is a behaviour for the moment of connecting, before anything is read. Nothing here sleeps longer than it is
told to, and everything that waits ends when the client leaves or the block does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Self

BOUND = 30.0
"""Seconds after which anything that waits gives up, so that a broken test ends."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came. `connection` counts from 0."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass(slots=True, eq=False)
class Peer:
    """The other end of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    request: Received | None = None
    closed: bool = False
    """By us."""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: int | str = 200, *headers: str) -> None:
        """A response head. `headers` as `name: value`."""
        line = f"{status} OK" if isinstance(status, int) else status
        await self.send("\r\n".join([f"HTTP/1.1 {line}", *headers, "", ""]).encode("latin-1"))

    async def stream_head(self, *headers: str) -> None:
        await self.head(200, "content-type: text/event-stream", "transfer-encoding: chunked", *headers)

    async def chunk(self, data: bytes) -> None:
        await self.send(chunk(data))

    async def drip(self, data: bytes, size: int, pause: float) -> None:
        for start in range(0, len(data), size):
            await self.send(data[start : start + size])
            await asyncio.sleep(pause)

    async def until_gone(self) -> None:
        """Until the client has closed the connection; whatever it sends is thrown away."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(BOUND):
                while await self.reader.read(65_536):
                    pass

    def fin(self) -> None:
        """Close the connection in good order."""
        self.closed = True
        self.writer.close()

    def half_close(self) -> None:
        self.writer.write_eof()

    def rst(self) -> None:
        """Reset the connection: what was sent and not read yet is lost."""
        self.closed = True
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def receive(self) -> Received | None:
        """The next request; None when the client has closed."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Received(method, path, headers, body, self.number)


Behaviour = Callable[[Peer], Awaitable[None]]


class Upstream:
    """The server. `requests`: what came, in order; `connections`: how many were made; `open`: how many are now."""

    def __init__(
        self, *behaviours: Behaviour, accept: Behaviour | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.behaviours, self.accept, self.tls = behaviours, accept, tls
        self.requests: list[Received] = []
        self.connections = 0
        self.open = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._idle: set[Peer] = set()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def port(self) -> int:
        return self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/v1"

    def hang_up(self) -> None:
        """Close the connections that wait for another request, as servers do after a while."""
        for peer in self._idle:
            peer.fin()

    async def all_gone(self, within: float = 5.0) -> None:
        """Until no connection is open. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while self.open:
                self._changed.clear()
                await self._changed.wait()

    async def asked(self, times: int = 1, within: float = 5.0) -> None:
        """Until so many requests have come. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while len(self.requests) < times:
                self._changed.clear()
                await self._changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: asyncio.Task[Any] | None = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        peer = Peer(reader, writer, self.connections)
        self.connections += 1
        self.open += 1
        try:
            await self._talk(peer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self._changed.set()
            writer.close()
            self._tasks.discard(task)

    async def _next(self, peer: Peer) -> Received | None:
        self._idle.add(peer)
        try:
            return await peer.receive()
        finally:
            self._idle.discard(peer)

    async def _talk(self, peer: Peer) -> None:
        if self.accept is not None:
            await self.accept(peer)
        while not peer.closed and (request := await self._next(peer)) is not None:
            peer.request = request
            self.requests.append(request)
            self._changed.set()
            await self.behaviours[min(len(self.requests), len(self.behaviours)) - 1](peer)


async def delivered() -> None:
    """Until what was sent has been read: with both ends of a loopback connection on one loop, a few turns of it."""
    for _ in range(30):
        await asyncio.sleep(0)


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


@contextlib.contextmanager
def black_hole() -> Generator[str, None, None]:
    """The address of a port that never answers a call: as many have called as may wait to be taken, and nobody takes
    them.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


END = b"0\r\n\r\n"
"""The last chunk."""


def event(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


def answer(status: int, body: bytes = b"", *headers: str) -> Behaviour:
    """A whole answer with its length."""

    async def behave(peer: Peer) -> None:
        kind = (
            ()
            if any(line.startswith("content-type") for line in headers)
            else ("content-type: application/json",)
        )
        await peer.head(status, *kind, f"content-length: {len(body)}", *headers)
        await peer.send(body)

    return behave


def stream(pieces: Iterable[bytes], *headers: str, pause: float = 0.0) -> Behaviour:
    """A whole chunked stream, one chunk a piece."""
    held = list(pieces)

    async def behave(peer: Peer) -> None:
        await peer.stream_head(*headers)
        for piece in held:
            await peer.chunk(piece)
            if pause:
                await asyncio.sleep(pause)
        await peer.send(END)

    return behave


def cut_after(data: bytes, *, rst: bool = False, pause: float = 0.0) -> Behaviour:
    """A chunked stream that ends in the middle, in good order or by a reset; `pause` before that."""

    async def behave(peer: Peer) -> None:
        await peer.stream_head()
        if data:
            await peer.chunk(data)
        await asyncio.sleep(pause)
        if rst:
            peer.rst()
        else:
            peer.fin()

    return behave


def raw(data: bytes, *, then: str = "fin") -> Behaviour:
    """Just these bytes, then `fin`, `rst`, `keep` (the connection is ready for another request) or `stall`."""

    async def behave(peer: Peer) -> None:
        await peer.send(data)
        if then == "fin":
            peer.fin()
        elif then == "rst":
            peer.rst()
        elif then == "stall":
            await peer.until_gone()

    return behave


async def no_answer(peer: Peer) -> None:
    """Reads the request and says nothing, for as long as the client stays."""
    await peer.until_gone()


async def close(peer: Peer) -> None:
    peer.fin()


async def reset(peer: Peer) -> None:
    peer.rst()


def stall_after(data: bytes) -> Behaviour:
    """A stream that says `data` and then nothing more."""

    async def behave(peer: Peer) -> None:
        await peer.stream_head()
        if data:
            await peer.chunk(data)
        await peer.until_gone()

    return behave


def then_close(behaviour: Behaviour) -> Behaviour:
    """The same, after which the connection is closed although it might have been kept."""

    async def behave(peer: Peer) -> None:
        await behaviour(peer)
        peer.fin()

    return behave


def openai_chunk(text: str) -> bytes:
    """One event of a Chat Completions stream."""
    return event(
        f'{{"id":"c","object":"chat.completion.chunk","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}'
    )


OPENAI_END = (
    event('{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}')
    + event('{"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}')
    + event("[DONE]")
)


def openai_answer(*texts: str) -> Behaviour:
    """A good Chat Completions stream that says these texts."""
    return stream([*map(openai_chunk, texts), OPENAI_END])
