"""Notices at once when the client leaves, so that no model goes on talking to nobody."""

from __future__ import annotations

import asyncio
from typing import Any

from fcc.body import Receive


class Leaving:
    """Cancels the task that serves a request when its client disconnects.

    Reads `receive` from the moment the body is complete; nobody else may. After `stay` the task is left
    alone: servers report a finished answer as a disconnect too.
    """

    def __init__(self, receive: Receive, task: asyncio.Task[Any]) -> None:
        self.gone = False
        self._task = task
        self._watcher = asyncio.get_running_loop().create_task(self._watch(receive))

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._task.cancel()

    def stay(self) -> None:
        """Stop watching: the last bytes are about to leave."""
        self._watcher.cancel()
