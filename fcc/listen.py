"""The socket that fcc listens on, and in plain words why there is none."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

BACKLOG = 2048


class CannotListen(Exception):  # noqa: N818 - it is said to a person, not caught as a bug
    """No socket; the text says why and what to change."""


def listening(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises CannotListen."""
    family, kind, protocol, _, address = place(host, port)
    found = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        raise CannotListen(reason(error, host, port)) from None
    found.setblocking(False)
    return found


def place(host: str, port: int) -> tuple[Any, ...]:
    """What a name stands for, as `socket.getaddrinfo` says it. Raises CannotListen."""
    try:
        return socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError):
        raise CannotListen(
            f"`{host}` is no address of this machine; 127.0.0.1 is the usual one (--host, HOST, [server] host)"
        ) from None


def reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is taken on {host}: choose another with --port, PORT or `port` in [server] "
            "(--port 0 takes a free one)"
        )
    if error.errno == errno.EACCES:
        return (
            f"port {port} needs more rights: choose one from 1024 up with --port, PORT or `port` in [server]"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; choose another with --host, HOST or `host` in [server]"
    return f"cannot listen on {host}:{port}: {error.strerror or error}"


def url(found: socket.socket) -> str:
    """Where it listens: `http://127.0.0.1:8082`."""
    host, port = found.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
