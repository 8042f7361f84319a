"""Runs the server: uvicorn with our protocol, a word when it is ready, and an end that loses nothing.

The end: stop accepting; answer what still comes in on open connections for `lame_duck` seconds; let answers finish
for `drain` seconds; give those that did not an `error`. A second signal goes straight to the last step.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from fcc.protocol import State, StrictProtocol

if TYPE_CHECKING:
    from fcc.gate import App

KEEP_ALIVE = 75
"""Seconds an idle connection is kept: longer than clients keep theirs, so that it is they who close it."""
LAME_DUCK = 2.0
DRAIN = 600.0
FAREWELL = 2.0
"""Seconds in which broken-off answers get their `error` out."""
COLLECTED = 10_000
"""Objects that may gather before the collector looks for those that nobody can reach."""
LOOK = 0.05
"""Seconds between two looks at what is still open."""


class Server(uvicorn.Server):
    """`ready` is called once connections are accepted, `stopping` when no more are."""

    def __init__(
        self,
        app: App,
        ready: Callable[[], None] = lambda: None,
        *,
        lame_duck: float = LAME_DUCK,
        drain: float = DRAIN,
        stopping: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(configured(app))
        self.server_state: State = State()
        self.server_state.lame_duck = lame_duck
        self.ready = ready
        self.stopping = stopping
        self.lame_duck = lame_duck
        self.drain = drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        keep_what_is_there()
        self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends gently, the second at once; the process then ends as if nothing had happened."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        state = self.server_state
        state.draining = True
        for server in self.servers:
            server.close()
        self.stopping()
        await self._empty(self.lame_duck)
        for connection in list(state.connections):
            connection.shutdown()
        await self._empty(self.drain)
        for task in list(state.tasks):
            task.cancel()
        self.force_exit = False
        await self._empty(FAREWELL)
        for connection in list(state.connections):
            connection.transport.abort()
        await self.lifespan.shutdown()

    async def _empty(self, patience: float) -> None:
        """Until nothing is open, the time is over, or a second signal came. uvicorn tells nobody, so it looks."""
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        while self._open() and loop.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(LOOK)

    def _open(self) -> bool:
        return not self.force_exit and bool(self.server_state.connections or self.server_state.tasks)


def keep_what_is_there() -> None:
    """What has been loaded by now stays, so the collector need not look through it again and again: a whole collection
    held up the loop for tens of milliseconds (docs.python.org/3/library/gc.html#gc.freeze)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED)


def configured(app: App) -> uvicorn.Config:
    """uvicorn told to trust no forwarding header, to name no software and to leave the log to us."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
    return uvicorn.Config(
        app,
        http=StrictProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
    )
