"""One worker of `fcc serve --workers N`: serves on the socket it inherits, and stops when its parent is gone.

python -m fcc.crew.worker ORDER        with an `fcc.crew.processes.Order` as JSON
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import msgspec

from fcc.cli.serve import keep_private, ready_app
from fcc.crew.processes import Order
from fcc.launch import Server
from fcc.opened import Unusable, opened


def work(order: Order) -> int:
    """0 when stopped, 2 when it could not start."""
    keep_private()
    line = socket.socket(fileno=order.line)
    listener = socket.socket(fileno=order.listener)
    try:
        found = opened(Path(order.config))
        app = ready_app(found, order.host, order.log, quiet=order.quiet)
    except Unusable as reason:
        print(f"fcc serve: {reason}", file=sys.stderr)
        return 2
    app.house.workers = order.workers

    def ready() -> None:
        loop = asyncio.get_running_loop()

        def orphaned() -> None:
            if not line.recv(16):
                loop.remove_reader(line)
                server.should_exit = True

        loop.add_reader(line, orphaned)
        line.sendall(b"r")

    server = Server(app, ready, stopping=app.books.live.stop)
    server.run([listener])
    return 0


if __name__ == "__main__":
    sys.exit(work(msgspec.json.decode(sys.argv[1], type=Order)))
