"""What needs no token: `/` and `/api/hello`, where Claude Code warms its connection up, and `/health`."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.generation import House
from fcc import __version__, errors
from fcc.books import Books


async def hello(scope: Any, receive: Any, send: errors.Send) -> None:
    await errors.answer(send, 200, msgspec.json.encode({"name": "fcc", "version": __version__}))


class Health:
    """200 while serving; `degraded` when the file on disk was refused and an earlier one is served, or when the
    ledger cannot be written. `problems` says how many there are.
    """

    def __init__(self, house: House, books: Books) -> None:
        self.house = house
        self.books = books

    async def __call__(self, scope: Any, receive: Any, send: errors.Send) -> None:
        generation = self.house.generation
        problems = len(self.house.problem) + (self.books.problem is not None)
        found: dict[str, Any] = {"status": "degraded" if problems else "ok"}
        found["generation"] = generation.id if generation else ""
        if problems:
            found["problems"] = problems
        await errors.answer(send, 200, msgspec.json.encode(found))
