"""What an answer that is none means: status, headers and body in, a `Failure` out. Pure; told the time.

    a row of the provider table or preset ─▶ the status alone ─▶ length ─▶ error type ─▶ words ─▶ status

The first that knows decides. A body is believed before a status, since providers use 400, 401, 403 and 500 for
nearly everything, and a row before both. Nothing that is shown comes from a page (HTML) or holds control characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from providers.failures import OUTCOMES, Failure, Kind
from providers.meanings import CLOUDFLARE, STATUSES, STREAMED, TYPES, by_words
from providers.overflow import overflow, overflow_message
from providers.retry_after import retry_after, retry_after_words
from providers.rows import Row
from providers.said import Said, clean, said
from translators.events import Fault

_LENGTH = frozenset({400, 413, 422, 429, 500})
"""Statuses that have been seen with a prompt that was too long."""


def failure_of_response(
    status: int, headers: Mapping[str, str], body: bytes, rows: Sequence[Row], now: float
) -> Failure:
    """What an answer with any other status than a good one means.

    `headers` in lower case; `now` is the wall clock in seconds since 1970, for dates in Retry-After.
    """
    words = said(body)
    wait = retry_after(headers, now, resets=status == 429) or retry_after_words(words.whole[:4096], now)
    shape = _shape(status)
    if shape is not None:
        kind, text = shape
        return Failure(kind, text, status=status, retry_after=wait)
    return _failure(status, words, rows, wait, text=words.text or f"HTTP {status} {_phrase(status)}".rstrip())


def failure_of_fault(fault: Fault, rows: Sequence[Row]) -> Failure:
    """What an error inside a good answer means. Structural ones already know their kind."""
    text = clean(fault.message) or "the upstream reported an error"
    words = Said(text, (fault.type,) if fault.type else (), whole=fault.message[:4096].lower())
    wait = (
        retry_after({"retry-after": str(fault.retry_after)}, 0.0) if fault.retry_after is not None else None
    )
    wait = wait or retry_after_words(words.whole)
    if fault.kind in OUTCOMES:
        return Failure(fault.kind, text, status=fault.status, type=fault.type, retry_after=wait)
    return _failure(fault.status, words, rows, wait, text=text)


def _failure(
    status: int | None, words: Said, rows: Sequence[Row], wait: float | None, *, text: str
) -> Failure:
    row = next((one for one in rows if _fits(one, status, words)), None)
    type_ = words.types[0] if words.types else None
    if row is not None:
        if row.type is not None:
            type_ = row.type
        if row.kind == "overflow":
            text = _too_long(words, text)
        content = row.kind == "refused" and _kind(status, words, wait)[0] == "refused"
        return Failure(
            row.kind, text, status=status, type=type_, retry_after=wait, hint=row.hint, content=content
        )
    about_length = status is None or status in _LENGTH
    if status == 413 or (about_length and overflow(words.whole, words.types) is not None):
        return Failure("overflow", _too_long(words, text), status=status, type=type_)
    kind, type_ = _kind(status, words, wait)
    content = kind == "refused" and status != 451
    return Failure(kind, text, status=status, type=type_, retry_after=wait, content=content)


def _too_long(words: Said, text: str) -> str:
    """What the client is told of a prompt that does not fit, whoever found that out."""
    return clean(overflow_message(*(overflow(words.whole, words.types) or (None, None)), text))


def _kind(status: int | None, words: Said, wait: float | None) -> tuple[Kind, str | None]:
    """The kind, and the error type that told it or else the first one."""
    first = words.types[0] if words.types else None
    for one in words.types:
        if one in TYPES:
            return TYPES[one], one
    if (kind := by_words(status, words.whole)) is not None:
        return kind, first
    if status is None:
        return STREAMED.get(first or "", "server_error"), first
    if status == 503 and wait is not None:
        return "overloaded", first
    return STATUSES.get(status, "server_error" if status >= 500 else "bad_request"), first


def _fits(row: Row, status: int | None, words: Said) -> bool:
    return any(row.fits(status, one, words.whole) for one in words.types or (None,))


def _shape(status: int) -> tuple[Kind, str] | None:
    """Statuses that are no answer whatever the body says."""
    if status in (204, 304):
        return "empty", f"the upstream answered nothing (HTTP {status})"
    if 300 <= status < 400:
        return (
            "not_found",
            f"the upstream redirects to another address (HTTP {status}), which is not followed",
        )
    if status == 205 or not 200 <= status < 600:
        return "malformed", f"the upstream answered with status {status}"
    return None


def _phrase(status: int) -> str:
    if status in CLOUDFLARE:
        return CLOUDFLARE[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
