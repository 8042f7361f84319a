"""One worker of `fcc serve --workers N`: serves on the socket it inherits, and stops when its parent is gone.

python -P -m fcc.crew.worker ORDER     with an `fcc.crew.processes.Order` as JSON
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

import msgspec

from fcc.cli.serve import keep_private, ready_app
from fcc.crew.line import MOST_BYTES, Message, read
from fcc.crew.policy import Text
from fcc.crew.processes import STARTS_WITHIN, Order
from fcc.crew.siblings import Siblings
from fcc.launch import Server
from fcc.opened import Unusable, opened


def work(order: Order) -> int:
    """0 when stopped, 2 when it could not start."""
    keep_private()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the parent reads the file
    end = socket.socket(fileno=order.line)
    listener = socket.socket(fileno=order.listener)
    try:
        began = told(end)
        app = ready_app(opened(Path(order.config), began.data), order.host, order.log, quiet=order.quiet)
    except Unusable as reason:
        print(f"fcc serve: {reason}", file=sys.stderr)
        return 2
    app.house.workers = order.workers
    siblings = app.crew = Siblings(app, end, began, order.workers)
    tasks: list[asyncio.Task[None]] = []

    def gone() -> None:
        server.should_exit = True

    def ready() -> None:
        tasks.append(asyncio.get_running_loop().create_task(siblings.run(gone)))

    server = Server(app, ready, stopping=app.books.live.stop)
    server.run([listener])
    return 0


def told(end: socket.socket) -> Text:
    """What to serve: the parent says it first, and nothing more before this worker is ready. Raises Unusable."""
    line = bytearray()
    end.settimeout(STARTS_WITHIN)
    try:
        while not line.endswith(b"\n") and len(line) <= MOST_BYTES:
            piece = end.recv(65_536)
            if not piece:
                raise Unusable("the process that keeps the workers is gone")
            line += piece
        return read(msgspec.json.decode(line, type=Message).body, Text)
    except (OSError, msgspec.MsgspecError) as error:
        raise Unusable(f"a worker was not told what to serve: {type(error).__name__}") from None


if __name__ == "__main__":
    sys.exit(work(msgspec.json.decode(sys.argv[1], type=Order)))
