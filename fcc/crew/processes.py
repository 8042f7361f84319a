"""Several workers behind one listening socket: started, watched, started again, and stopped together.

The parent accepts nothing itself. Each worker inherits the socket, so a connection that waits in its queue belongs to
nobody in particular and is not lost with a worker. On its line (`fcc.crew.line`) each says when it accepts; when the
parent is gone the line ends, and the worker stops as if told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from fcc.crew.hub import Hub, Member

BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a worker that ended is started again; more for each end in a row."""
SOUND = 60.0
"""Seconds after which a worker that ends is none of a row."""
STARTS_WITHIN = 60.0
"""Seconds in which a worker must accept."""
ENDS_WITHIN = 620.0
"""Seconds after which a worker that was told to stop is killed: it stands still, or hangs. More than `fcc.launch` gives
answers to finish."""
ENDS_AT_ONCE_WITHIN = 5.0
"""The same, told a second time."""


class Order(msgspec.Struct, frozen=True):
    """What a worker is told on its command line."""

    config: str
    host: str
    listener: int
    """Descriptor of the listening socket."""
    line: int
    """Descriptor of its end of the line to the parent."""
    workers: int
    log: str | None = None
    quiet: bool = False


class Failed(Exception):  # noqa: N818 - it is said to a person, not caught as a bug
    """A worker could not start; it has said why on stderr."""


@dataclass(slots=True)
class Worker:
    process: asyncio.subprocess.Process
    member: Member


class Crew:
    """`ready` is called once all workers accept, `heard` when one ended: its pid, its status, seconds to the next;
    `stopping` when no more connections are accepted.
    """

    def __init__(
        self,
        order: Order,
        listener: socket.socket,
        hub: Hub,
        ready: Callable[[], None],
        heard: Callable[[int, int, float], None],
    ) -> None:
        self._order = order
        self._listener = listener
        self._hub = hub
        self._ready = ready
        self._heard = heard
        self.stopping: Callable[[], None] = lambda: None
        self._workers: dict[int, Worker] = {}
        self._stopping = False
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Until told to stop and the last worker has ended. Raises Failed."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self.stop)
        leader = self._hub.leader
        leader.start(watch=self._hub.app.settings().reload.watch)
        tasks: list[asyncio.Task[None]] = []
        try:
            for worker in await self._first():
                tasks.append(self._loop.create_task(self._watch(worker)))
            if not self._stopping:
                self._ready()
            await self._stop.wait()
            # Only the workers hold the socket from here on: what nobody accepts must not wait in its queue.
            self._listener.close()
            self.stopping()
            await asyncio.gather(*tasks)
        finally:
            self._tell(signal.SIGTERM)
            for task in tasks:
                task.cancel()
            for worker in self._workers.values():
                self._hub.leave(worker.member)
            await leader.stop()

    def stop(self) -> None:
        """All workers stop gently; told a second time, at once."""
        patience = ENDS_AT_ONCE_WITHIN if self._stopping else ENDS_WITHIN
        self._stopping = True
        self._stop.set()
        self._tell(signal.SIGTERM)
        self._loop.call_later(patience, self._tell, signal.SIGKILL)

    def _tell(self, number: signal.Signals) -> None:
        for worker in self._workers.values():
            with contextlib.suppress(ProcessLookupError):
                worker.process.send_signal(number)

    async def _first(self) -> list[Worker]:
        begun = await asyncio.gather(*(self._begin() for _ in range(self._order.workers)))
        if not all(begun) and not self._stopping:
            raise Failed("a worker ended before it accepted connections")
        return [worker for worker in begun if worker is not None]

    async def _begin(self) -> Worker | None:
        """A worker that accepts; None when it could not be started, ended before, or took too long."""
        try:
            worker = await self._started()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            print(f"fcc serve: a worker could not be started: {reason}", file=sys.stderr)
            return None
        process, member = worker.process, worker.member
        if self._stopping:  # whoever was told to stop before is not told again
            self._tell(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STARTS_WITHIN):
                if await member.ready:
                    return worker
        self._hub.leave(member)
        await process.wait()
        del self._workers[process.pid]
        return None

    async def _started(self) -> Worker:
        """A new process at the other end of a line. Raises OSError."""
        ours, theirs = socket.socketpair()
        try:
            order = msgspec.structs.replace(
                self._order, listener=self._listener.fileno(), line=theirs.fileno()
            )
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # whatever lies in the working directory is nothing to import
                "-m",
                "fcc.crew.worker",
                msgspec.json.encode(order).decode(),
                pass_fds=(order.listener, order.line),
                start_new_session=True,
            )
            member = await self._hub.join(process.pid, ours)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        found = self._workers[process.pid] = Worker(process, member)
        return found

    async def _watch(self, worker: Worker | None) -> None:
        """Keeps one place filled."""
        row = 0
        while True:
            began, pid, status = self._loop.time(), 0, -1
            if worker is not None:
                pid, status = worker.process.pid, await worker.process.wait()
                self._hub.leave(worker.member)
                self._workers.pop(pid, None)
            if self._stopping:
                return
            row = 0 if self._loop.time() - began >= SOUND else row + 1
            pause = BACK_OFF[min(max(row, 1), len(BACK_OFF)) - 1]
            self._heard(pid, status, pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            if self._stopping:
                return
            worker = await self._begin()
