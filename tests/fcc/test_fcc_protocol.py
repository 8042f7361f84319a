"""What httptools lets by and fcc refuses, and the deadlines for heads and bodies, over a real socket."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from fcc.protocol import LARGEST_HEAD, StrictProtocol
from support.served import PATIENCE, Served, parsed


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Says how many bytes came, after all of them have."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    body = str(size).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def server(serve: Callable[..., Served]) -> Served:
    return serve(echo)


@pytest.fixture
def hasty(serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> Served:
    """Deadlines of a fraction of a second."""
    monkeypatch.setattr(StrictProtocol, "head_deadline", 0.3)
    monkeypatch.setattr(StrictProtocol, "body_deadline", 0.3)
    return serve(echo)


REFUSED = {
    "two hosts": (400, b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"),
    "absolute target": (400, b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "authority target": (400, b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "asterisk target": (400, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "two lengths": (
        400,
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    ),
    "length and chunks": (
        400,
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "no HTTP": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    "line folding": (400, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n b\r\n\r\n"),
    "space before colon": (400, b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"),
    "giant header": (431, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * LARGEST_HEAD + b"\r\n\r\n"),
    "many headers": (431, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: 1\r\n" * 10_000 + b"\r\n"),
    "giant target": (431, b"GET /" + b"a" * LARGEST_HEAD + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "giant head without end": (431, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * LARGEST_HEAD),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(server: Served, name: str) -> None:
    status, data = REFUSED[name]
    answer = parsed(server.send(data))
    assert answer.status == status
    body = json.loads(answer.body)
    assert body["type"] == "error"
    assert body["request_id"] == answer.headers["request-id"]
    assert answer.headers["connection"] == "close"


def test_a_good_request_in_single_bytes(server: Served) -> None:
    data = b"POST /x?a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
    answer = parsed(server.send(*(data[index : index + 1] for index in range(len(data)))))
    assert (answer.status, answer.body) == (200, b"5")


def test_chunks_are_a_body(server: Served) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert parsed(server.send(head, b"5\r\nhello\r\n", b"0\r\n\r\n")).body == b"5"


def test_trailers_end_the_connection(server: Served) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert server.send(head + b"0\r\nHost: evil.example\r\n\r\n") == b""


def test_one_connection_serves_many(server: Served) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        for _ in range(3):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


UPGRADE = b"Host: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAI\r\n"
"""What the JDK's client says with its first request."""
LAST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("message", "size"),
    [
        (b"POST / HTTP/1.1\r\n" + UPGRADE + b"Content-Length: 5\r\n\r\nhello", b"5"),
        (b"POST / HTTP/1.1\r\n" + UPGRADE + b"Content-Length: 90000\r\n\r\n" + b"x" * 90_000, b"90000"),
        (
            b"POST / HTTP/1.1\r\n" + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            b"5",
        ),
        (b"POST / HTTP/1.1\r\n" + UPGRADE + b"Content-Length: 0\r\n\r\n", b"0"),
        (b"GET / HTTP/1.1\r\n" + UPGRADE + b"\r\n", b"0"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", b"0"),
    ],
)
@pytest.mark.parametrize("cut", [None, 10, -3])
def test_an_upgrade_is_passed_over_and_nothing_behind_it_lost(
    server: Served, message: bytes, size: bytes, cut: int | None
) -> None:
    """Neither the body nor the next request, however they come."""
    head = message.index(b"\r\n\r\n") + 4
    data = message + message + LAST
    pieces = (data,) if cut is None else (data[: head + cut], data[head + cut :])
    answers = server.send(*pieces).split(b"HTTP/1.1 200 OK\r\n")
    assert [one.partition(b"\r\n\r\n")[2] for one in answers[1:]] == [size, size, b"0"]


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_an_upgrade_opens_no_way_round_the_refusals(server: Served, body: bytes) -> None:
    assert parsed(server.send(b"POST / HTTP/1.1\r\n" + UPGRADE + body)).status == 400
    trailer = b"Transfer-Encoding: chunked\r\n\r\n0\r\nHost: evil.example\r\n\r\n"
    assert server.send(b"POST / HTTP/1.1\r\n" + UPGRADE + trailer) == b""


def seconds_until_closed(server: Served, *pieces: bytes) -> tuple[float, bytes]:
    began = time.perf_counter()
    data = server.send(*pieces)
    return time.perf_counter() - began, data


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "])
def test_a_slow_head_is_cut_off(hasty: Served, begun: bytes) -> None:
    took, data = seconds_until_closed(hasty, begun)
    assert 0.2 < took < 5
    assert parsed(data).status == 408


def test_a_slow_body_is_cut_off(hasty: Served) -> None:
    took, _ = seconds_until_closed(
        hasty, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhel"
    )
    assert 0.2 < took < 5


def test_a_byte_now_and_then_does_not_help(hasty: Served) -> None:
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=PATIENCE) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-A: ")
        connection.settimeout(0.1)
        while time.perf_counter() - began < PATIENCE:
            try:
                connection.sendall(b"a")
                if connection.recv(65536):
                    break
            except TimeoutError:
                continue
    assert time.perf_counter() - began < 5


def test_an_idle_connection_may_wait_between_requests(hasty: Served) -> None:
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=PATIENCE) as connection:
        for _ in range(2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(0.4)  # longer than a request may take here: the server's clock
