"""One line between two processes: a message a line, as JSON, over a pair of sockets that nobody else has.

Both ends tell, ask and are asked. Whoever asks waits for a bounded time. To an end that does not read no more than
`MOST_WAITING` bytes are sent, and whatever is no message ends the line.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

MOST_BYTES = 4 * 1024 * 1024
"""Of one message: the largest policy that is read takes a third of it."""
MOST_WAITING = 8 * 1024 * 1024
MOST_TASKS = 256
"""Messages that are attended to at a time."""
FAILED = "!"
"""What an answer is called when there is none."""

Handler = Callable[[msgspec.Raw], Awaitable[Any]]
"""Given the body; what it returns is the answer, if somebody waits for one."""

T = TypeVar("T")


class Silent(Exception):  # noqa: N818 - an everyday event
    """The other end is gone, does not answer in time, or has no answer."""


class Message(msgspec.Struct, omit_defaults=True):
    what: str = ""
    """Empty: the answer to the message of that number."""
    number: int = 0
    """0: nobody waits for an answer."""
    body: msgspec.Raw = msgspec.Raw(b"null")


class Line:
    """One end. `crashed` is told of errors in handlers."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handlers: Mapping[str, Handler],
        crashed: Callable[[str, Exception], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handlers = handlers
        self._crashed = crashed
        self.silent = False
        """The other end has let a question wait for too long, and has said nothing since."""
        self._number = 0
        self._asked: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def over(
        cls, end: socket.socket, handlers: Mapping[str, Handler], crashed: Callable[[str, Exception], None]
    ) -> Line:
        """Over one of a pair of connected sockets. Raises OSError."""
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=MOST_BYTES)
        return cls(reader, writer, handlers, crashed)

    def tell(self, what: str, body: Any = None) -> bool:
        """Whether it was sent: the other end may be gone or too slow."""
        return self._send(what, 0, body)

    async def ask(self, what: str, body: Any = None, *, within: float) -> msgspec.Raw:
        """The answer. Raises Silent after `within` seconds at the latest."""
        self._number += 1
        number = self._number
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            if not self._send(what, number, body):
                raise Silent(what)
            async with asyncio.timeout(within):
                return await answer
        except TimeoutError:
            self.silent = True
            raise Silent(what) from None
        finally:
            del self._asked[number]

    async def run(self) -> None:
        """Attend to what comes until the other end is gone."""
        try:
            while line := await self._reader.readline():
                self._read(msgspec.json.decode(line, type=Message))
        except (OSError, ValueError, msgspec.MsgspecError):
            pass
        finally:
            self._writer.close()
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(Silent("gone"))
            for task in self._tasks:
                task.cancel()

    def _read(self, message: Message) -> None:
        self.silent = False
        if message.what in ("", FAILED):
            answer = self._asked.get(message.number)
            if answer is not None and not answer.done():
                if message.what:
                    answer.set_exception(Silent("failed"))
                else:
                    answer.set_result(message.body)
            return
        handler = self._handlers.get(message.what)
        if handler is None or len(self._tasks) >= MOST_TASKS:
            self._send(FAILED, message.number, None)
            return
        task = asyncio.get_running_loop().create_task(self._attend(handler, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, handler: Handler, message: Message) -> None:
        what, answer = "", None
        try:
            answer = await handler(message.body)
        except Silent:
            what = FAILED
        except Exception as error:
            self._crashed(message.what, error)
            what = FAILED
        if message.number and not self._send(what, message.number, answer):
            self._send(FAILED, message.number, None)

    def _send(self, what: str, number: int, body: Any) -> bool:
        if self._writer.is_closing():
            return False
        try:
            line = msgspec.json.encode(Message(what, number, msgspec.Raw(msgspec.json.encode(body)))) + b"\n"
        except UnicodeEncodeError:  # half a character, from a client
            return False
        if len(line) > MOST_BYTES or self._waiting() + len(line) > MOST_WAITING:
            return False
        self._writer.write(line)
        return True

    def _waiting(self) -> int:
        return self._writer.transport.get_write_buffer_size()


def read(body: msgspec.Raw, kind: type[T]) -> T:
    """A body as what it must be. Raises msgspec.MsgspecError."""
    return msgspec.json.decode(body, type=kind)
