"""Errors as the Anthropic Messages API has them: types and headers, and the answer itself in the client's dialect.

Source: docs.claude.com/en/api/errors.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from translators.clients import CLIENTS, anthropic_error

Send = Callable[[Any], Awaitable[None]]
Header = tuple[bytes, bytes]

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}

LONGEST_WAIT = 60
"""Seconds. Claude Code reads a longer `retry-after` as "give up"."""

NO_RETRY: Header = (b"x-should-retry", b"false")

_ODD = re.compile(r"[^\x20-\x7e]")


class HttpError(Exception):
    """The request is refused before any model is asked. `headers` go out with the answer."""

    def __init__(self, status: int, message: str, *headers: Header) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def type_of(status: int) -> str:
    """The error type that belongs to a status; unknown ones go by their hundred."""
    return TYPES.get(status) or ("invalid_request_error" if status < 500 else "api_error")


def wording_at(path: str) -> Callable[[str, str, str], bytes]:
    """How errors are worded at an address: Anthropic's way, unless another dialect lives there."""
    client = CLIENTS.get(path)
    return client.error if client is not None else anthropic_error


def retry_headers(retry_after: float | None, should_retry: bool | None) -> list[Header]:
    """`retry-after` in whole seconds from 1 to 60, and `x-should-retry: false` for what is hopeless."""
    headers: list[Header] = []
    if retry_after is not None:
        seconds = min(max(1, -int(-retry_after // 1)), LONGEST_WAIT)
        headers.append((b"retry-after", str(seconds).encode()))
    if should_retry is False:
        headers.append(NO_RETRY)
    return headers


def header_value(text: str) -> bytes:
    """Text fit for a header: what is not printable ASCII becomes `?`, line ends above all."""
    return _ODD.sub("?", text).encode()


async def answer(
    send: Send, status: int, body: bytes, headers: Iterable[Header] = (), kind: bytes = b"application/json"
) -> None:
    """One whole answer with a known length."""
    head = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def refuse(
    send: Send,
    status: int,
    message: str,
    request_id: str,
    headers: Iterable[Header] = (),
    kind: str | None = None,
    wording: Callable[[str, str, str], bytes] = anthropic_error,
) -> None:
    """Answer with an error; the type is `kind`, else the one that belongs to the status."""
    await answer(send, status, wording(kind or type_of(status), message, request_id), headers)
