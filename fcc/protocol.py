"""What httptools lets by and fcc refuses: two Hosts, absolute targets, giant or endless heads, trailers.

uvicorn on httptools is three times as fast as on h11 but not as strict. This subclass of uvicorn's protocol
adds the refusals of RFC 9112 §3.2 (one Host) and of our own limits, and the deadlines that uvicorn does not
have. An `Upgrade` is passed over (RFC 9110 §7.8): httptools would take what follows the head for another protocol,
and the JDK's client, which asks for HTTP/2 with its first request, would lose its body.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any, Literal

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from fcc import errors
from fcc.auth import is_loopback
from translators.clients import anthropic_error

LARGEST_HEAD = 64 * 1024
"""Bytes of request line and headers."""
HEAD_DEADLINE = 10.0
"""Seconds from the first byte (or the connection) to the end of the head."""
GIANT_HEAD = (431, f"the request head is larger than {LARGEST_HEAD} bytes")
BODY_DEADLINE = 60.0
"""Seconds from the end of the head to the end of the body."""
STUCK_DEADLINE = 120.0
"""Seconds in which a client that is being answered takes nothing at all."""
MOST_WAITING = 64
"""Connections of one address from the network on which no request is being answered."""
GRACE = 1.0
"""Seconds that a connection may wait however many there are."""


class State(ServerState):
    """What the connections of one server share."""

    draining = False
    """The server is about to stop: every answer is the last one on its connection."""
    lame_duck = 0.0
    """Seconds for which a connection is then kept after an answer that had promised it."""


class Refused(Exception):  # noqa: N818 - never leaves this file
    """Raised inside a parser callback; the parser wraps it and hands it to `send_400_response`."""


class StrictProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with our refusals. Takes and gives what its parent does."""

    head_deadline = HEAD_DEADLINE
    body_deadline = BODY_DEADLINE
    stuck_deadline = STUCK_DEADLINE
    most_waiting = MOST_WAITING
    grace = GRACE

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._state: Literal["idle", "head", "body"] = "idle"
        self._heads = 0
        self._head_size = 0
        self._refusal: tuple[int, str] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._since = 0.0
        """When it began to wait for a request."""
        self._body: bytes | None = None
        """Headers of a body that comes behind an `Upgrade`."""
        self._again = False
        """The parser reads a head that has been read before."""
        self.parser: Any = StayingParser(self)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._since = self.loop.time()
        self._await(self.head_deadline)
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done_waiting()
        self._takes_again()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        heads = self._heads
        super().data_received(data)
        if self._state == "idle" or self.transport.is_closing():
            return
        if self._state == "head" and self._heads == heads:
            self._head_size += len(data)
            if self._head_size > LARGEST_HEAD:
                self._refusal = GIANT_HEAD
                self.send_400_response("")
                return
        if self._deadline is None:
            self._await(self.body_deadline if self._state == "body" else self.head_deadline)

    def on_url(self, url: bytes) -> None:
        if not self._again:
            super().on_url(url)

    def on_message_begin(self) -> None:
        if self._again:
            return
        self._state, self._head_size = "head", 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._again:
            return
        if self._state != "head":
            self._refusal = (400, "trailers are not accepted")
            raise Refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._again:
            return
        self._refusal = faulty_head(self.url, self.headers)
        if self._refusal is not None:
            raise Refused
        self._state = "body"
        self._heads += 1
        self._done_waiting()
        super().on_headers_complete()
        if getattr(self.server_state, "draining", False):
            self.cycle.keep_alive = False
        self._body = body_headers(self.headers) if self.parser.upgrades() else None

    def on_message_complete(self) -> None:
        if self._body is not None:
            return
        self._state = "idle"
        self._done_waiting()
        super().on_message_complete()

    def stays(self, parser: httptools.HttpRequestParser) -> None:
        """The head that asked for an upgrade is over: let a new parser go on with its body, if it has one."""
        body, self._body = self._body, None
        if body is not None:
            self._again = True
            parser.feed_data(b"POST / HTTP/1.1\r\n" + body + b"\r\n")
            self._again = False

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be parsed, or was refused, in the Anthropic envelope, and close."""
        status, message = self._refusal or (400, "this is not an HTTP/1.1 request")
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(plain_refusal(status, message))
        self.transport.close()

    def pause_writing(self) -> None:
        if self._stuck is None:
            self._stuck = self.loop.call_later(self.stuck_deadline, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._takes_again()
        super().resume_writing()

    def on_response_complete(self) -> None:
        self._since = self.loop.time()
        super().on_response_complete()

    def shutdown(self) -> None:
        """The server stops. The next request may be on its way already on a connection that was to be kept until now:
        if it comes soon it is answered, as the last one.
        """
        cycle, kept = self.cycle, getattr(self.server_state, "lame_duck", 0.0)
        left = self._since + kept - self.loop.time()
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started and cycle.keep_alive:
                self.timeout_keep_alive = kept
                return
        elif self._state != "idle":
            return
        elif left > 0:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
            return
        super().shutdown()

    def _make_room(self) -> None:
        """Close the connection of the same address that has waited longest, if there are too many. Whoever opens
        connections without asking anything loses their own, and those that ask are served. This machine may have as
        many as it likes.
        """
        if len(self.connections) <= self.most_waiting or self.client is None or is_loopback(self.client[0]):
            return
        host = self.client[0]
        mine = [one for one in self.connections if isinstance(one, StrictProtocol) and one._waits(host)]
        if len(mine) > self.most_waiting:
            longest = min(mine, key=lambda one: one._since)
            if self.loop.time() - longest._since > self.grace:
                longest.transport.abort()

    def _waits(self, host: str) -> bool:
        """Whether it belongs to `host` and no request is being answered on it."""
        own = self.client is not None and self.client[0] == host
        return own and (self.cycle is None or self.cycle.response_complete)

    def _takes_again(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _await(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self._too_slow)

    def _done_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self._state != "body":
            self._refusal = (408, "the request head took too long")
            self.send_400_response("")
        else:
            self.transport.close()


class StayingParser:
    """httptools' parser for a protocol that changes to no other."""

    def __init__(self, protocol: StrictProtocol) -> None:
        self._protocol = protocol
        self._parser = self._new()

    def _new(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self._protocol)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        return parser

    def feed_data(self, data: bytes) -> None:
        """Raises httptools.HttpParserError."""
        while True:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                self._parser = self._new()
                self._protocol.stays(self._parser)

    def upgrades(self) -> bool:
        """The head asks for another protocol."""
        return self._parser.should_upgrade()

    def should_upgrade(self) -> bool:
        return False

    def should_keep_alive(self) -> bool:
        return self._parser.should_keep_alive()

    def get_http_version(self) -> str:
        return self._parser.get_http_version()

    def get_method(self) -> bytes:
        return self._parser.get_method()


def body_headers(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """The headers that tell where a body ends; None when there is no body."""
    found = {name: value for name, value in headers if name in (b"content-length", b"transfer-encoding")}
    if not found or found.get(b"content-length", b"").strip() == b"0":
        return None
    return b"".join(name + b": " + value + b"\r\n" for name, value in found.items())


def faulty_head(target: bytes, headers: list[tuple[bytes, bytes]]) -> tuple[int, str] | None:
    """Status and reason for refusing a complete head; None for a good one."""
    if not target.startswith(b"/"):
        return 400, "the request target must be a path"
    size, hosts, lengths = len(target), 0, 0
    for name, value in headers:
        size += len(name) + len(value) + 4
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            lengths += 1
    if hosts > 1:
        return 400, "two Host headers"
    if lengths > 1:
        return 400, "two Content-Length headers"
    if size > LARGEST_HEAD:
        return GIANT_HEAD
    return None


def plain_refusal(status: int, message: str) -> bytes:
    """A whole HTTP answer, for when no application was reached."""
    request_id = "req_" + os.urandom(12).hex()
    body = anthropic_error(errors.type_of(status), message, request_id)
    head = (
        f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"request-id: {request_id}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
