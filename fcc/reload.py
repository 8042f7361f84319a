"""The running server follows its file: watch the folder, read twice, swap, or keep what works.

The folder is watched, not the file, because editors and configuration tools replace files by renaming. A
content is taken only when two reads agree, so a half-written file is never judged. A file that vanished
means: keep. Names that begin with two dots are how Kubernetes swaps a mounted ConfigMap.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from engine.generation import House, generation_id
from rules.policy import Loaded

PAUSE = 0.05
"""Seconds between two reads that must agree."""
DEBOUNCE = 100
"""Milliseconds in which file events are gathered."""
LOOK_AGAIN = 0.5
"""Seconds before watching again when the folder itself went away."""
LOOK_ANYWAY = 5.0
"""Seconds after which the file is read without an event: some mounts send none."""


class Follower:
    """Hands new contents of `path` to the house. `heard` is called after each with what came of it."""

    def __init__(self, house: House, path: Path, heard: Callable[[Loaded], None]) -> None:
        self.house = house
        self.path = path
        self.heard = heard
        self.unwatched: Callable[[Exception], None] = lambda error: None
        """Told why the file cannot be watched, once for each reason; it is then read every few seconds."""
        self.by = "file"
        """Whose doing the last load was."""
        self._seen: bytes | None = None
        self._doubted = ""
        """Id of the content that was held back at the last SIGHUP."""
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[object]] = set()
        self._stop = asyncio.Event()

    def knows(self, data: bytes) -> None:
        """The house was built from this content already."""
        self._seen = data

    async def load(self, *, again: bool = False, by: str = "file", confirm: str = "") -> Loaded | None:
        """Take the file as it is now. None: it is gone, unreadable, or (unless `again`) not new.

        `confirm`: id of the content that is to be served whatever `[reload] guard` says.
        """
        async with self._turn:
            data = await settled(self.path)
            if data is None or (data == self._seen and not again):
                return None
            self._seen = data
            confirmed = bool(confirm) and confirm == generation_id(data)
            return await self.take(data, by, confirmed=confirmed)

    async def serve(self, data: bytes, by: str) -> Loaded:
        """Take this content instead, until the file changes or is loaded again."""
        async with self._turn:
            return await self.take(data, by, confirmed=True)

    async def take(self, data: bytes, by: str, *, confirmed: bool) -> Loaded:
        """One content at a time goes to the house."""
        loaded = await self.house.accept_async(data, confirmed=confirmed)
        self.by = by
        self.heard(loaded)
        return loaded

    @property
    def read(self) -> str:
        """The generation's id that the content read last has, or would have."""
        name = generation_id(self._seen) if self._seen is not None else ""
        generation = self.house.generation
        return generation.id if generation is not None and generation.text == name else name

    def start(self, *, watch: bool = True) -> None:
        """Load again on SIGHUP where there is one from now on, and `watch` the file. When it is the terminal that hung
        up, stop as on SIGTERM.
        """
        if watch:
            self._spawn(self._watch())
        if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
            terminals = [one for one in (0, 1, 2) if os.isatty(one)]

            def heard() -> None:
                if all(map(os.isatty, terminals)):
                    self._spawn(self.hang_up())
                else:  # the window was closed: nobody would see this server again, and it would keep the port
                    signal.raise_signal(signal.SIGTERM)

            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, heard)

    async def hang_up(self) -> None:
        """SIGHUP: load again. A content that the guard held back at the signal before is confirmed by this one; one
        that was held back when it was saved is not, since many write the file and send the signal in one go."""
        await self.load(again=True, by="signal", confirm=self._doubted)
        self._doubted = self.house.held

    async def stop(self) -> None:
        self._stop.set()
        if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _spawn(self, coroutine: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self) -> None:
        """Whatever goes wrong, the file is still looked at: that a save has no effect should never be how it shows."""
        said = ""
        while not self._stop.is_set():
            pause = LOOK_AGAIN
            try:
                if said:
                    await self.load()
                await self._watch_folders()
            except FileNotFoundError:
                pass  # the folder is gone, and may come back
            # watchfiles has errors of its own: a system watches for so many and no more
            except Exception as error:
                pause = LOOK_ANYWAY
                if str(error) != said:
                    said = str(error)
                    self.unwatched(error)
            await asyncio.sleep(pause)

    async def _watch_folders(self) -> None:
        """Until stopped, or until a watched folder was replaced by another of the same name."""
        from watchfiles import awatch

        places = {self.path.absolute(), self.path.resolve()}
        folders = {place.parent for place in places}
        names = {place.name for place in places}
        before = inodes(folders)
        changes = awatch(
            *folders,
            watch_filter=lambda _, path: Path(path).name in names or Path(path).name.startswith(".."),
            debounce=DEBOUNCE,
            step=20,
            stop_event=self._stop,
            rust_timeout=int(LOOK_ANYWAY * 1000),
            yield_on_timeout=True,
            recursive=False,
        )
        async for _ in changes:
            await self.load()
            if inodes(folders) != before:
                return


def inodes(folders: set[Path]) -> set[int]:
    """What tells a folder from its replacement. Raises OSError while one is missing."""
    return {folder.stat().st_ino for folder in folders}


async def settled(path: Path, pause: float = PAUSE) -> bytes | None:
    """The content of the file once two reads agree; None when it is not there."""
    before = await asyncio.to_thread(content, path)
    while True:
        await asyncio.sleep(pause)
        after = await asyncio.to_thread(content, path)
        if after == before:
            return after
        before = after


def content(path: Path) -> bytes | None:
    """What cannot be read twice, such as a pipe that a shell has made, counts as gone."""
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None
