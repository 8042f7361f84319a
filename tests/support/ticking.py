"""`fcc` with a clock in its loop, run as a program: `python ticking.py serve …`.

Every other millisecond the loop writes down how much the process has worked since the last time, if that is the most
so far. Work is what the process's own processors did, all threads counted, so that a machine with other things to do
does not make the server look slow. The figure stands in the file `held` of the working folder, for whoever maps it.
"""

from __future__ import annotations

import asyncio
import mmap
import runpy
import socket
import struct
import time
from pathlib import Path

from fcc.launch import Server

HELD = "held"
EVERY = 0.002
"""Seconds from one look to the next."""
_FIGURE = struct.Struct("d")


async def tick(held: mmap.mmap) -> None:
    while True:
        began = time.process_time()
        await asyncio.sleep(EVERY)
        worked = time.process_time() - began
        if worked > _FIGURE.unpack(held[: _FIGURE.size])[0]:
            held[: _FIGURE.size] = _FIGURE.pack(worked)


_ticking: set[asyncio.Task[None]] = set()
_startup = Server.startup


async def startup(self: Server, sockets: list[socket.socket] | None = None) -> None:
    await _startup(self, sockets)
    _ticking.add(asyncio.create_task(tick(mapped())))


def mapped() -> mmap.mmap:
    path = Path(HELD)
    path.write_bytes(bytes(_FIGURE.size))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 0)


def longest(folder: Path) -> float:
    """Seconds of work between two looks, the most since `forget`."""
    return _FIGURE.unpack((folder / HELD).read_bytes())[0]


def forget(folder: Path) -> None:
    with (folder / HELD).open("r+b") as file:
        file.write(bytes(_FIGURE.size))


if __name__ == "__main__":
    Server.startup = startup
    runpy.run_module("fcc", run_name="__main__", alter_sys=True)
