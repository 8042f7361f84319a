"""The only way to upstreams: one HTTP call, from connecting to the last byte of its body.

aiohttp's client, used directly: 104 µs of CPU for a small call, where httpx over aiohttp's transport takes 295, that
transport alone 202, and both hide whether a connection was used before and cut network reads into pieces. aiohttp's
names stay here and in `connections`; what goes wrong leaves as `Failure`:

    Failure(connection)  unreachable, refused, TLS, reset, closed without an answer
    Failure(certificate) it cannot be trusted
    Failure(timeout)     the request could not be written in time
    Failure(malformed)   what came is not HTTP, or a body that cannot be unpacked
    Failure(cut)         the body broke off

Rules: no redirects, no cookies, no credentials from the machine (netrc), no proxy to loopback, TLS verified, metadata
services never connected to, identity asked for, sizes bounded. A connection that has anything left to read when it is
taken from the pool is not used: that would be somebody else's answer.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Iterator, Mapping

import aiohttp
import msgspec
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from providers.connections import Body, Connector, ForbiddenAddressError, Leg, leg_of_this_call
from providers.deadline import Deadline
from providers.failures import Failure
from providers.unpack import BadBody, Unpacker

STALE = 1.0
"""Seconds. A kept connection that closes within them after a request, without a byte, had been closed before it."""
DRAIN = 1.0
"""Seconds and bytes that are spent on the end of a body after its answer was complete, to keep the connection."""
DRAIN_BYTES = 65_536
MOST_AT_ONCE = 65_536
"""Bytes that are handed over at a time."""
ERROR_BYTES = 65_536
ERROR_TIME = 5.0
"""Most of an error's body that is read, and how long it may take."""

_LINE, _FIELD, _FIELDS = 16_384, 131_072, 256
"""Bounds of a response head: status line, one header, number of headers."""

_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""What this machine has run out of, not the upstream."""
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.ETIMEDOUT})
"""There is no way to the upstream; one that refuses has been reached."""

_NO_TIMERS = aiohttp.ClientTimeout(total=None)
"""Our own deadlines know whether the loop was held up."""

_KEPT = frozenset({"content-type", "content-encoding", "date", "nvcf-reqid"})
"""Response headers that are looked at, besides those about rates."""


class Outgoing(msgspec.Struct, frozen=True):
    url: URL
    headers: Mapping[str, str]
    body: bytes | None = None
    method: str = "POST"


class Transport:
    """Connections to one provider with one key. Made on the running loop at the first call."""

    def __init__(self, *, verify: bool = True, proxy: str | None = None) -> None:
        self._verify = verify
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None
        self._draining: set[asyncio.Task[None]] = set()

    def call(self, outgoing: Outgoing, *, connect: float, write: float, fresh: bool = False) -> Call:
        """A call that is not made yet. `connect`, `write`: seconds; `fresh`: on a connection of its own."""
        return Call(self, outgoing, connect, write, fresh)

    async def aclose(self) -> None:
        draining = list(self._draining)
        for task in draining:
            task.cancel()
        await asyncio.gather(*draining, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def open(self, outgoing: Outgoing, leg: Leg) -> aiohttp.ClientResponse:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=Connector(),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                max_line_size=_LINE,
                max_field_size=_FIELD,
                max_headers=_FIELDS,
            )
        return await self._session.request(
            outgoing.method,
            outgoing.url,
            headers=outgoing.headers,
            data=Body(outgoing.body, leg) if outgoing.body is not None else None,
            allow_redirects=False,
            ssl=self._verify,
            proxy=self._proxy,
            timeout=_NO_TIMERS,
        )

    def drain(self, response: aiohttp.ClientResponse) -> None:
        """Reads the end of a body on its own time."""
        task = asyncio.get_running_loop().create_task(_drain(response))
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)


async def _drain(response: aiohttp.ClientResponse) -> None:
    try:
        async with asyncio.timeout(DRAIN):
            left = DRAIN_BYTES
            while left > 0 and (data := await response.content.readany()):
                left -= len(data)
    except (TimeoutError, aiohttp.ClientError, HttpProcessingError, OSError):
        pass
    finally:
        response.close()


class Call:
    """One call. `start`, then `read` until it gives no bytes; `give_back` or `drop` at any time, once or more often."""

    def __init__(
        self, transport: Transport, outgoing: Outgoing, connect: float, write: float, fresh: bool
    ) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        """Lower-case names; only those that are of use."""
        self._transport = transport
        self._outgoing = outgoing
        self._connect = connect
        self._write = write
        self._fresh = fresh
        self._response: aiohttp.ClientResponse | None = None
        self._unpacker: Unpacker | None = None
        self._pieces: Iterator[bytes] = iter(())
        """What is left of the last network read."""
        self._full = False
        """There is more to hand over at once, so that others get their turn first."""
        self._came = False
        self._broken: Failure | None = None

    async def start(self) -> None:
        """Connects, sends, and waits for the response head. Raises Failure."""
        clock = Deadline()
        leg = Leg(self._fresh, self._write, clock)
        token = leg_of_this_call.set(leg)
        try:
            clock.move(asyncio.get_running_loop().time() + self._connect)
            with clock:
                response = await self._transport.open(self._outgoing, leg)
                leg.clock = None
        except TimeoutError:
            raise self._late(leg) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._not_answered(leg, error) from None
        finally:
            leg.clock = None
            clock.close()
            leg_of_this_call.reset(token)
        leg.content = response.content
        self._response = response
        self.status = response.status
        for name, value in response.headers.items():
            lower = name.lower()
            if lower in _KEPT or "retry-after" in lower or "ratelimit" in lower:
                self.headers[lower] = value
        try:
            self._unpacker = Unpacker(self.headers.get("content-encoding", ""))
        except BadBody as error:
            self.drop()
            raise Failure("malformed", str(error), status=self.status) from None

    async def read(self) -> bytes:
        """What the next network read brought, unpacked; b"" at the end. Raises Failure."""
        response, unpacker = self._response, self._unpacker
        try:
            while True:
                if piece := next(self._pieces, b""):
                    if self._full:
                        await asyncio.sleep(0)
                    self._full = True
                    return piece
                if self._broken is not None:
                    raise self._broken
                if response is None or unpacker is None:
                    return b""
                data = await response.content.read(MOST_AT_ONCE)
                if not data:
                    return b""
                self._came, self._full = True, len(data) == MOST_AT_ONCE
                self._pieces = unpacker.feed(data)
        except BadBody as error:
            self.drop()
            raise self._broken or Failure("malformed", str(error), status=self.status) from None
        except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
            assert response is not None
            assert unpacker is not None
            self._break(response, unpacker, error)
            return await self.read()
        except asyncio.CancelledError:
            self.drop()
            raise

    async def read_error(self) -> bytes:
        """The body of an error, or what of it came soon enough. Gives the connection back."""
        body = b""
        try:
            async with asyncio.timeout(ERROR_TIME):
                while len(body) < ERROR_BYTES and (data := await self.read()):
                    body += data
        except (TimeoutError, Failure):
            pass
        self.give_back()
        return body

    def give_back(self) -> None:
        """The answer is complete: keep the connection if its body ends soon."""
        response, self._response = self._response, None
        if response is not None and not response.closed:
            self._transport.drain(response)

    def drop(self) -> None:
        """Close the connection, unless it has been given back."""
        response, self._response = self._response, None
        if response is not None:
            response.close()

    def _break(self, response: aiohttp.ClientResponse, unpacker: Unpacker, error: Exception) -> None:
        """The body broke off. What came before is given first, then the failure raised."""
        data = _held_back(response.content)
        self.drop()
        self._came = self._came or bool(data)
        if self._came:
            self._broken = Failure(
                "cut", "the upstream broke off in the middle of its answer", status=self.status
            )
        else:
            text = f"the connection broke before the answer: {_reason(error)}"
            self._broken = Failure("connection", text, status=self.status)
        self._pieces = unpacker.feed(data)

    def _late(self, leg: Leg) -> Failure:
        host = self._outgoing.url.host
        if leg.connected:
            text = f"{host} did not take the request within {self._write:g} s"
            return Failure("timeout", text, before_response=True, reused=leg.reused)
        text = f"could not connect to {host} within {self._connect:g} s"
        return Failure("connection", text, before_response=True, unreachable=True)

    def _not_answered(self, leg: Leg, error: Exception) -> Failure:
        host = self._outgoing.url.host
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            text = f"TLS: the certificate of {host} cannot be trusted: {_reason(error)}"
            return Failure("certificate", text, before_response=True, hint=_mending(error.certificate_error))
        if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
            return Failure("connection", f"TLS: no secure connection to {host}", before_response=True)
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            text = f"could not find {host}: {_reason(error)}"
            unreachable = not isinstance(error.__cause__, ForbiddenAddressError)
            return Failure("connection", text, before_response=True, unreachable=unreachable)
        if not leg.connected:
            text = f"could not connect to {host}: {_reason(error)}"
            number = getattr(error, "errno", None)
            away, ours = number in _NO_WAY, number in _SHORT
            return Failure("connection", text, before_response=True, unreachable=away, ours=ours)
        if isinstance(error, aiohttp.ClientResponseError | ValueError):
            return Failure("malformed", f"what {host} answered is not HTTP")
        dead = getattr(error, "errno", None) == errno.ETIMEDOUT
        reused = leg.reused and (dead or asyncio.get_running_loop().time() - leg.sent_at < STALE)
        half = isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str)
        when = "without an answer" if leg.sent else "while the request was being sent"
        text = f"{host} closed the connection {when}"
        return Failure("connection", text, before_response=not half, reused=reused)


def _held_back(content: aiohttp.StreamReader) -> bytes:
    """Bytes that came before a body broke off. aiohttp keeps them behind the error, and they may be all of the answer:
    some servers close without the last chunk."""
    error = content.exception()
    content._exception = None
    try:
        return content.read_nowait()
    finally:
        content._exception = error


_DATES = frozenset({9, 10})
_NAMES = frozenset({62, 64})
"""Codes of X509_verify_cert_error for a certificate out of its time, and for one of another name or address."""


def _mending(error: Exception) -> str:
    """What to do about a certificate that is not trusted."""
    code = getattr(error, "verify_code", None)
    if code in _DATES:
        return "it has to be renewed there, unless the clock of this machine is wrong"
    if code in _NAMES:
        return "is `base_url` the name that it is made for, and is no login page of the network in between?"
    return "if it is your own endpoint, let the system trust it and start fcc again, or say `verify = false`"


def _reason(error: BaseException) -> str:
    """The system's own words for what happened, without addresses and stacks."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ForbiddenAddressError):
            return str(inner)
        if isinstance(inner, ssl.SSLCertVerificationError) and not isinstance(inner, aiohttp.ClientError):
            return inner.verify_message or "it is not valid"
        if isinstance(inner, socket.gaierror):
            return (inner.strerror or "no such name").lower()
        if isinstance(inner, OSError) and inner.errno and not isinstance(inner, aiohttp.ClientError):
            return os.strerror(inner.errno).lower()
        within = getattr(inner, "os_error", None) or getattr(inner, "certificate_error", None)
        inner = within if within is not None and within is not inner else inner.__cause__
    return "it was closed"
