"""The sockets under `transport`: a connector that knows which connections it has used, and hands out clean ones."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import sys
import threading
from contextvars import ContextVar
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, AbstractStreamWriter
from aiohttp.payload import Payload
from aiohttp.resolver import ThreadedResolver

from providers.addresses import is_metadata
from providers.deadline import Deadline

KEEP = 30.0
"""Seconds an idle connection is kept."""
DEAD_AFTER = 5
"""Seconds for which nobody has to acknowledge what is sent on a kept connection before it counts as dead. Whoever has
gone to another network, or has slept, has connections that nothing answers on: no end, no error, for many minutes."""
_GIVES_UP: tuple[int, int] | None = None
"""The system's option for that, and what it is to be set to (RFC 5482; tcp(7); xnu, netinet/tcp.h)."""
if sys.platform == "linux":
    _GIVES_UP = (socket.TCP_USER_TIMEOUT, DEAD_AFTER * 1000)
elif sys.platform == "darwin":
    _GIVES_UP = (0x80, DEAD_AFTER)  # TCP_RXT_CONNDROPTIME


class Leg(msgspec.Struct, eq=False):
    """How far one call has come; the connector and the body report here."""

    fresh: bool
    write: float
    clock: Deadline | None
    """Until the head of the answer is there."""
    reused: bool = False
    connected: bool = False
    sent: bool = False
    sent_at: float = 0.0
    content: aiohttp.StreamReader | None = None
    """The body of the answer, once its head is there."""

    def begin_writing(self, *, reused: bool) -> None:
        self.reused, self.connected = reused, True
        self.sent_at = asyncio.get_running_loop().time()
        if self.clock is not None:
            self.clock.move(self.sent_at + self.write)

    def written(self) -> None:
        self.sent = True
        if self.clock is not None:
            self.clock.move(None)


leg_of_this_call: ContextVar[Leg] = ContextVar("leg")


class ForbiddenAddressError(OSError):
    """A name led to an address that nothing is sent to."""


class _Names:
    """Asks the system for addresses, each name in a thread of its own.

    uvloop has four threads for everything of the kind, and names may hold two of them (docs.libuv.org, threadpool). One
    whose server says nothing holds its thread for half a minute: two of those, and nobody else was found either.
    """

    async def getaddrinfo(self, host: str, port: int, **hints: int) -> Any:
        """As that of a loop. Raises OSError, UnicodeError."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Any] = loop.create_future()

        def tell(answer: Any, error: Exception | None) -> None:
            if not found.done():
                if error is None:
                    found.set_result(answer)
                else:
                    found.set_exception(error)

        def look() -> None:
            answer, failed = None, None
            try:
                answer = socket.getaddrinfo(host, port, **hints)
            except Exception as error:
                failed = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(tell, answer, failed)

        try:
            threading.Thread(target=look, name="fcc-names", daemon=True).start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
        return await found

    async def getnameinfo(self, address: Any, flags: int) -> Any:
        return await asyncio.get_running_loop().getnameinfo(address, flags)


class _Resolver(AbstractResolver):
    """The system's, except that a name never leads to a metadata service."""

    def __init__(self) -> None:
        names: Any = _Names()
        self._system = ThreadedResolver(names)

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
        found = await self._system.resolve(host, port, family)
        if is_metadata(host) or any(is_metadata(one["host"]) for one in found):
            raise ForbiddenAddressError(f"{host} leads to a metadata service")
        return found

    async def close(self) -> None:
        await self._system.close()


class Connector(aiohttp.TCPConnector):
    """Says whether a connection had served before, and refuses those that are not clean."""

    def __init__(self) -> None:
        super().__init__(limit=0, keepalive_timeout=KEEP, resolver=_Resolver(), ttl_dns_cache=30)
        self._served: WeakKeyDictionary[Any, Leg] = WeakKeyDictionary()
        """Each open connection's latest call. The call's body knows its connection, so that being weak is not enough:
        who is lost is taken out."""

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 - aiohttp's signature
        leg = leg_of_this_call.get()
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol: Any = connection.protocol
            reused = protocol in self._served
            if reused and (leg.fresh or protocol.should_close):
                connection.close()
                continue
            if not reused:
                protocol.closed.add_done_callback(partial(self._lost, ref(protocol)))
            else:
                _give_up_soon(connection.transport)
            self._served[protocol] = leg
            leg.begin_writing(reused=reused)
            return connection

    def _lost(self, protocol: ref[Any], closed: asyncio.Future[None]) -> None:
        """Tells the reader of a body that the connection is gone: after bytes that are no HTTP aiohttp does not."""
        closed.exception()
        lost = protocol()
        leg = self._served.pop(lost, None) if lost is not None else None
        content = leg.content if leg is not None else None
        if content is not None and not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError())


def _give_up_soon(transport: Any) -> None:
    found = transport.get_extra_info("socket") if transport is not None else None
    if found is not None and _GIVES_UP is not None:
        with contextlib.suppress(OSError):
            found.setsockopt(socket.IPPROTO_TCP, *_GIVES_UP)


class Body(Payload):
    """A request body that tells when it has been handed to the system."""

    def __init__(self, data: bytes, leg: Leg) -> None:
        super().__init__(data, content_type="application/json")
        self._size = len(data)
        self._leg = leg

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._value.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        await writer.write(self._value)
        self._leg.written()

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        await self.write(writer)
