"""An ASGI app behind a real socket, in a thread, and a client that sees every byte."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from fcc.launch import Server
from fcc.listen import listening

PATIENCE = 10.0
"""Seconds after which a test that waits has failed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, or what there was of it."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Served:
    """A server under test."""

    port: int
    server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, *pieces: bytes, end: bool = False) -> bytes:
        """Everything that comes back on a connection of its own until the server closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            for piece in pieces:
                connection.sendall(piece)
            if end:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def ask(self, method: str, target: str, *headers: str, body: bytes = b"", host: bool = True) -> Answer:
        """One request, its head as it is given here."""
        lines = [f"{method} {target} HTTP/1.1", *(["Host: localhost"] if host else []), *headers]
        lines.append("Connection: close")
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return parsed(self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body))


def parsed(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split(" ")[1]), headers, body)


@contextlib.contextmanager
def served(app: Any, **options: Any) -> Generator[Served, None, None]:
    ready = threading.Event()
    found = listening("127.0.0.1", 0)
    port = found.getsockname()[1]
    server = Server(app, ready.set, lame_duck=0.0, drain=2.0, **options)
    thread = threading.Thread(target=server.run, args=([found],), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE), "the server did not start"
    try:
        yield Served(port, server)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the server did not stop"
