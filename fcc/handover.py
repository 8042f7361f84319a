"""How a new server takes the listening socket over from the one that runs, so that no connection is lost.

    new ── connects to the door ──▶ old            a socket in the state folder, mode 0600: nobody else's to open
    new ◀── the listening socket ── old            both accept from one queue; nothing is closed in between
    new ── "ready", once it accepts ──▶ old        from here on the old one stops as it does when told to

If the new one ends before it is ready, nothing has happened. Descriptors are passed over a Unix socket (unix(7),
SCM_RIGHTS), which Linux and macOS do alike; two sockets on one port (SO_REUSEPORT) would lose what waits in the
queue of the one that is closed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

LONGEST_PATH = 100
"""Bytes: what the address of a Unix socket may have everywhere."""
STARTS_WITHIN = 60.0
"""Seconds a successor has from the socket to its first connection."""
ANSWERS_WITHIN = 5.0
TAKEN, READY, LEAVING = b"s", b"r", b"l"


def door(folder: Path, host: str, port: int) -> Path:
    """Where the server of this address is asked to hand over."""
    name = host.replace(":", ".").replace("%", ".").replace("/", ".") or "all"
    return folder / f"serve-{name}-{port}.sock"


def passable(path: Path) -> bool:
    """Whether sockets can be passed here at all."""
    return hasattr(socket, "send_fds") and len(os.fsencode(path)) <= LONGEST_PATH


class Predecessor(msgspec.Struct):
    """The server that runs, and its listening socket."""

    listener: socket.socket
    line: socket.socket

    def dismiss(self) -> None:
        """This process accepts; the old one may stop. Returns once it knows, or is gone."""
        with contextlib.suppress(OSError), self.line:
            self.line.sendall(READY)
            self.line.recv(1)


def predecessor(path: Path) -> Predecessor | None:
    """The server that hands over at this door; None when nobody does."""
    if not passable(path):
        return None
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.settimeout(ANSWERS_WITHIN)
        line.connect(os.fspath(path))
        said, descriptors, _, _ = socket.recv_fds(line, 1, 1)
    except OSError:
        line.close()
        return None
    if said != TAKEN or len(descriptors) != 1:
        line.close()
        return None
    listener = socket.socket(fileno=descriptors[0])
    listener.setblocking(False)
    return Predecessor(listener, line)


class Door:
    """Hands the listening socket to whoever asks, and calls `leave` (in a thread of its own) once it is in use."""

    def __init__(self, path: Path, listener: socket.socket, leave: Callable[[], None]) -> None:
        self._path = path
        self._listener = listener.dup()
        self._leave = leave
        self._door: socket.socket | None = None
        self._inode = 0

    def open(self) -> bool:
        """Takes the place of the door that was there. False where this is not possible."""
        if not passable(self._path):
            return False
        new = self._path.with_name(f"{os.getpid()}.sock")
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.unlink(missing_ok=True)
            made.bind(os.fspath(new))
            new.chmod(0o600)
            made.listen(8)
            self._inode = new.stat().st_ino
            new.replace(self._path)
        except OSError:
            made.close()
            return False
        self._door = made
        threading.Thread(target=self._answer, args=(made,), daemon=True).start()
        return True

    def close(self) -> None:
        """Nobody takes over any more, and the listening socket is held no longer: while somebody holds it, the system
        goes on to accept connections that nobody will answer. A successor's door stays. May be called again.
        """
        made, self._door = self._door, None
        if made is None:
            return
        self._make_way()
        with contextlib.suppress(OSError):
            made.shutdown(socket.SHUT_RDWR)
        made.close()
        self._listener.close()

    def _make_way(self) -> None:
        inode, self._inode = self._inode, 0
        with contextlib.suppress(OSError):
            if inode and self._path.stat().st_ino == inode:
                self._path.unlink()

    def _answer(self, made: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while self._door is not None:
                asker, _ = made.accept()
                with asker:
                    if self._hands_over(asker):
                        self._make_way()  # before the successor comes to make a door of its own
                        self._leave()
                        asker.sendall(LEAVING)
                        return

    def _hands_over(self, asker: socket.socket) -> bool:
        try:
            asker.settimeout(STARTS_WITHIN)
            socket.send_fds(asker, [TAKEN], [self._listener.fileno()])
            return asker.recv(1) == READY
        except OSError:
            return False
