"""What needs no token: `/` and `/api/hello`, where Claude Code warms its connection up, and `/health`."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.generation import House
from fcc import __version__, errors


async def hello(scope: Any, receive: Any, send: errors.Send) -> None:
    await errors.answer(send, 200, msgspec.json.encode({"name": "fcc", "version": __version__}))


class Health:
    """200 while serving; `degraded` when the file on disk was refused and an earlier one is served."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, scope: Any, receive: Any, send: errors.Send) -> None:
        generation = self.house.generation
        status = "degraded" if self.house.problem else "ok"
        found = {"status": status, "generation": generation.id if generation else ""}
        await errors.answer(send, 200, msgspec.json.encode(found))
