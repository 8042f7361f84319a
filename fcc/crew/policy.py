"""The one that reads the policy for all workers, so that all of them serve the same.

It runs in the parent, where nothing else has to wait for it: it follows the file, measures a new one by what
`[reload] guard` allows, hears SIGHUP, and tells the workers what was read and what is to become of it. A worker that
is started later begins with what the others serve, whatever stands on the disk by then.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from engine.guard import RECENT, Held
from engine.ledger_file import opened_to_read
from engine.recorded import latest_facts
from fcc.reload import Follower
from fcc.server import App
from rules.policy import Loaded
from rules.source import MAX_BYTES

T = TypeVar("T")


class Text(msgspec.Struct, omit_defaults=True):
    """A policy that was read, and what becomes of it."""

    data: bytes
    by: str
    file: bool = True
    """It is the content of the file."""
    held: tuple[str, dict[str, Any] | None] | None = None
    """Why it is held back, and a request that would move."""
    chronicled: bool = False
    """This worker writes into the ledger that it was read."""


class Workers:
    """What a leader needs of them. `tell`: how many have done as told. `facts`: the latest requests of all, the newest
    first; `settle`: what they have sent to the ledger is in there."""

    def __init__(
        self,
        tell: Callable[[Text], Awaitable[int]],
        settle: Callable[[], Awaitable[None]],
        facts: Callable[[], Awaitable[list[dict[str, Any]]]],
    ) -> None:
        self.tell = tell
        self.settle = settle
        self.facts = facts


class Leader(Follower):
    """`data`: what the house of `app` was made from."""

    def __init__(self, app: App, data: bytes, workers: Workers) -> None:
        super().__init__(app.house, app.path, app.heard)
        self.knows(data)
        self.answered = 0
        """Workers that have taken the text that was read last."""
        self._workers = workers
        self._ledger = app.ledger_path()
        self._served = [Text(data, "start")]
        self._refused: Text | None = None
        self._begun = False

    def first(self) -> Text:
        """What a new worker begins with."""
        begun, self._begun = self._begun, True
        return msgspec.structs.replace(self._served[0], chronicled=not begun)

    def since(self, first: Text) -> list[Text]:
        """What a worker that began with this has to be told."""
        known = int(first.data == self._served[0].data)
        return [*self._served[known:], *([self._refused] if self._refused is not None else ())]

    async def whole(self, change: Coroutine[Any, Any, T]) -> T:
        """What has begun is done to its end, though the worker that asked for it may be gone."""
        task = asyncio.get_running_loop().create_task(change)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def take(self, data: bytes, by: str, *, confirmed: bool) -> Loaded:
        before = self.house.generation
        if not confirmed and before is not None and before.policy.settings.reload.guard is not None:
            await self._recall()
        loaded = await super().take(data, by, confirmed=confirmed)
        text = Text(data[: MAX_BYTES + 1_000], by, data == self._seen)
        if self.house.held:
            finding = loaded.diagnostics[-1]
            text.held = (finding.message, dict(finding.witness) if finding.witness is not None else None)
        self._refused = text if loaded.policy is None else None
        if loaded.policy is not None:
            same = self.house.generation is before
            self._served = [self._served[0], text] if same else [text]
        self.answered = await self._workers.tell(text)
        return loaded

    async def _recall(self) -> None:
        """The latest requests of all workers are what a new file is measured by."""
        await self._workers.settle()
        try:
            rows = await asyncio.to_thread(latest, self._ledger)
        except sqlite3.Error:
            rows = await self._workers.facts()
        self.house.recent.clear()
        self.house.recent.extendleft(rows)


def latest(path: Path) -> list[dict[str, Any]]:
    """Raises sqlite3.Error."""
    with closing(opened_to_read(path)) as connection:
        return latest_facts(connection, RECENT)


def held_of(text: Text) -> Held | None:
    return None if text.held is None else Held(*text.held)
