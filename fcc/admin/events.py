"""One listener's stream of events.

It begins with the whole `state` and sends it again when a model's state or what is in flight has changed, at most once
a second. After `LIFETIME` it ends, and the browser asks anew: so nothing is kept for one that is long gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fcc.live import Listener, sse
from fcc.server import App

PAUSE = 1.0
"""Seconds between two looks at the state."""
PING = 15
"""Looks without news after which a comment keeps the connection open."""
LIFETIME = 600.0


async def stream(app: App, listener: Listener) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    end, next_look, silent = loop.time() + LIFETIME, loop.time() + PAUSE, 0
    try:
        page = await app.crew.state(fresh=False)
        seen = outline(page)
        yield b"retry: 2000\n\n" + sse("state", page)
        while loop.time() < end:
            told = await listener.next(max(next_look - loop.time(), 0.0))
            if told is None:
                return
            if told:
                silent = 0
                yield told
            if loop.time() < next_look:
                continue
            next_look = loop.time() + PAUSE
            page = await app.crew.state(fresh=False)
            if outline(page) != seen:
                seen, silent = outline(page), 0
                yield sse("state", page)
            elif (silent := silent + 1) >= PING:
                silent = 0
                yield b": still here\n\n"
    finally:
        app.books.live.leave(listener)


def outline(page: dict[str, Any]) -> Any:
    """What is worth telling when it changes: not the passing of time."""
    return (
        page["problems"],
        page["generation"],
        page["offline"],
        [(one["request"], one.get("target"), one["first_token_ms"]) for one in page["in_flight"]],
        [(one["target"], one["state"], one["why"], one["in_flight"]) for one in page["candidates"]],
    )
