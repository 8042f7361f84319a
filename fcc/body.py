"""The body of a request: read with a cap, and parsed where it does not hold up the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fcc.errors import HttpError
from providers.off_loop import off_loop
from translators.request import Request

LARGEST = 32 * 1024 * 1024
"""Bytes; the Messages API's own limit (docs.claude.com/en/api/errors)."""
HEARD_OUT = 4 * LARGEST
"""Bytes; more than that are not even read to be refused."""

Receive = Callable[[], Awaitable[Any]]


class ClientGone(Exception):  # noqa: N818 - nobody is left to call it an error to
    """The client closed the connection."""


def text_headers(scope: Any) -> dict[str, str]:
    """Lower-case names and values as text; of a repeated one the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def read_body(receive: Receive, headers: dict[str, str]) -> bytes:
    """The whole body. Raises HttpError 413 above `LARGEST`, ClientGone when it never ends."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > HEARD_OUT:
        raise too_large()
    hopeless = announced.isdigit() and int(announced) > LARGEST
    first = await piece(receive)
    body = first.get("body", b"")
    if first.get("more_body"):
        body = await rest(receive, body, keep=not hopeless)
    if len(body) > LARGEST:
        raise too_large()
    return body


async def rest(receive: Receive, body: bytes, *, keep: bool) -> bytes:
    """The body with what follows. One that is too large is heard out, up to `HEARD_OUT`, but not kept: a client that
    is still sending would never read the refusal. `keep` False: it is known to be too large.
    """
    parts, size = [body], len(body)
    more = True
    while more and size <= HEARD_OUT:
        message = await piece(receive)
        part = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(part)
        if keep and size <= LARGEST:
            parts.append(part)
        else:
            parts.clear()
    if size > LARGEST or not keep:
        raise too_large()
    return b"".join(parts)


async def piece(receive: Receive) -> Any:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message


def too_large() -> HttpError:
    return HttpError(413, f"the request is larger than {LARGEST} bytes", (b"connection", b"close"))


async def parsed(
    body: bytes, headers: dict[str, str], read: Callable[[bytes, Mapping[str, str]], Request]
) -> Request:
    """The request in the body; a large one is parsed in a thread. Raises translators.request.RequestError."""
    return await off_loop(len(body), read, body, headers)
