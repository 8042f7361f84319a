"""The real server around the demo's policy, in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.generation import House
from fcc.auth import Token
from fcc.demo.show import Show
from fcc.launch import Server
from fcc.listen import listening, url
from fcc.log import Log
from fcc.server import App
from fcc.terminal import painter, request_parts


class ShownLog(Log):
    """The line of a request in words, on the demo's screen."""

    def __init__(self, show: Show) -> None:
        super().__init__("error")
        self.show = show

    def request(self, fields: Mapping[str, Any]) -> None:
        self.show.later("In the log", "  ".join(filter(None, request_parts(fields, painter(coloured=False)))))


@dataclass(frozen=True, slots=True)
class Running:
    address: str
    token: Token
    over: asyncio.Task[None]
    """Ends when the server does."""


@contextlib.asynccontextmanager
async def running(path: Path, show: Show, port: int) -> AsyncGenerator[Running, None]:
    """Serve by the policy at `path`; token and state beside it. Raises CannotListen."""
    app = demo_app(path, show)
    assert app.token is not None
    found = listening("127.0.0.1", port)
    ready = asyncio.Event()
    server = Server(app, ready.set, lame_duck=0.0, drain=2.0, stopping=app.books.live.stop)
    over = asyncio.create_task(server.serve([found]))
    await ready.wait()
    try:
        yield Running(url(found), app.token, over)
    finally:
        server.should_exit = True
        await over


def demo_app(path: Path, show: Show) -> App:
    house = House(path=str(path), env={})
    house.accept(path.read_bytes())
    return App(house, path, {}, state=path.parent, log=ShownLog(show))
